import {
  abs,
  expectSame,
  expectWithin,
  fill,
  joinAxis,
  mamba3Dims,
  mamba3RotateInputs,
  seededRandom,
  seeds,
  sliceAxis,
  splitLength,
  TOLERANCE,
} from '@mamba/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Mamba3RotateDims, mamba3Rotate, type RotationPairing } from './mamba3-rotate.ts'

type Inputs = ReturnType<typeof mamba3RotateInputs>

const pairings: [RotationPairing, (i: number, dState: number) => [first: number, second: number]][] = [
  ['adjacent', (i) => [2 * i, 2 * i + 1]],
  ['half', (i, dState) => [i, i + dState / 2]],
]

/** B or C with bias, not rotated, for every head; `size` measures it instead, as a sum of absolute values. */
function biased(
  grouped: Float32Array,
  bias: Float32Array,
  dims: Mamba3RotateDims,
  row: number,
  r: number,
  head: number,
) {
  const { rank, nGroups, nHeads, dState } = dims
  const group = Math.floor((head * nGroups) / nHeads)
  return Float64Array.from({ length: dState }, (_, n) => {
    return grouped[((row * rank + r) * nGroups + group) * dState + n]! + bias[(head * rank + r) * dState + n]!
  })
}

/** q or k for one pairing, by one complex multiplication per pair with the whole, unwrapped angle. */
function rotated(x: Inputs, name: 'B' | 'C', dims: Mamba3RotateDims, pair: (typeof pairings)[number][1]) {
  const { batch, length, rank, nHeads, dState, nAngles } = dims
  const result = new Float64Array(batch * length * rank * nHeads * dState)
  for (let b = 0; b < batch; b++) {
    for (let head = 0; head < nHeads; head++) {
      const angles = Float64Array.from(
        { length: nAngles },
        (_, i) => x.angleState[(b * nHeads + head) * nAngles + i]!,
      )
      for (let row = b * length; row < (b + 1) * length; row++) {
        for (let i = 0; i < nAngles; i++) {
          angles[i]! += Math.PI * Math.tanh(x.angles[row * nAngles + i]!) * x.delta[row * nHeads + head]!
        }
        for (let r = 0; r < rank; r++) {
          const vector = biased(x[name], name === 'B' ? x.BBias : x.CBias, dims, row, r, head)
          angles.forEach((angle, i) => {
            const [first, second] = pair(i, dState)
            const [re, im] = [vector[first]!, vector[second]!]
            vector[first] = re * Math.cos(angle) - im * Math.sin(angle)
            vector[second] = im * Math.cos(angle) + re * Math.sin(angle)
          })
          result.set(vector, ((row * rank + r) * nHeads + head) * dState)
        }
      }
    }
  }
  return result
}

describe.each(pairings)('mamba3Rotate with %s pairs', (pairing, pair) => {
  test('adds the bias of every head and rotates by the sum of all angles so far, for every shape', () => {
    fc.assert(
      fc.property(mamba3Dims, seeds, (dims, seed) => {
        const x = mamba3RotateInputs(dims, seed)
        // The unwrapped angle itself has an error of its size, so the steps are kept below a few hundred
        // turns.
        const small = { ...x, delta: x.delta.map((step) => Math.min(step, 1)) }
        const { q, k } = mamba3Rotate(small, dims, pairing)
        const largest = (array: Float32Array) => abs(array).reduce((max, value) => Math.max(max, value), 0)
        const scale = new Float64Array(q.length)
        expectWithin(
          q,
          rotated(small, 'C', dims, pair),
          scale.fill(largest(x.C) + largest(x.CBias)),
          TOLERANCE.mamba3Rotate,
        )
        expectWithin(
          k,
          rotated(small, 'B', dims, pair),
          scale.fill(largest(x.B) + largest(x.BBias)),
          TOLERANCE.mamba3Rotate,
        )
      }),
    )
  })

  test('carries the angles without changing a bit, in pieces and token by token', () => {
    fc.assert(
      fc.property(mamba3Dims, seeds, (dims, seed) => {
        const { batch, length, rank, nGroups, nHeads, dState, nAngles } = dims
        const x = mamba3RotateInputs(dims, seed)
        const whole = mamba3Rotate(x, dims, pairing)
        for (const pieces of [splitLength(length, seed), new Array(length).fill(1)]) {
          const parts = []
          let angleState = Float64Array.from(x.angleState)
          let start = 0
          for (const count of pieces) {
            const cut = (array: Float32Array, width: number) =>
              sliceAxis(array, [batch, length, width], 1, start, start + count)
            const sequence = {
              B: cut(x.B, rank * nGroups * dState),
              C: cut(x.C, rank * nGroups * dState),
              angles: cut(x.angles, nAngles),
              delta: cut(x.delta, nHeads),
            }
            const part = mamba3Rotate({ ...x, ...sequence, angleState }, { ...dims, length: count }, pairing)
            parts.push(part)
            angleState = Float64Array.from(part.angleState)
            start += count
          }
          const shape = [batch, length, rank * nHeads * dState]
          const empty = new Float64Array(0)
          expectSame(joinAxis([empty, ...parts.map(({ q }) => q)], shape, 1), whole.q)
          expectSame(joinAxis([empty, ...parts.map(({ k }) => k)], shape, 1), whole.k)
          expectSame(angleState, length === 0 ? x.angleState : whole.angleState)
        }
      }),
    )
  })

  test('is causal, and a sequence gives the same alone as among others', () => {
    fc.assert(
      fc.property(mamba3Dims, seeds, (dims, seed) => {
        const { batch, length, rank, nHeads, dState } = dims
        const x = mamba3RotateInputs(dims, seed)
        const { q } = mamba3Rotate(x, dims, pairing)
        const pick = (array: Float32Array) =>
          sliceAxis(array, [batch, array.length / batch], 0, batch - 1, batch)
        const t = seed % (length + 1)
        const alone = {
          ...x,
          B: pick(x.B),
          C: pick(x.C),
          delta: pick(x.delta),
          // What comes at t and later is other than in x.
          angles: pick(x.angles).map((angle, i) => (i >= t * dims.nAngles ? angle + 1 : angle)),
          angleState: pick(x.angleState),
        }
        const shape = [1, length, rank * nHeads * dState]
        const last = q.subarray((batch - 1) * length * rank * nHeads * dState)
        expectSame(
          sliceAxis(mamba3Rotate(alone, { ...dims, batch: 1 }, pairing).q, shape, 1, 0, t),
          sliceAxis(last, shape, 1, 0, t),
        )
      }),
    )
  })

  test('makes q·k depend on the angle between the two tokens alone', () => {
    const dims = { batch: 1, length: 20, rank: 1, nGroups: 1, nHeads: 1, dState: 6, nAngles: 3 }
    const x = mamba3RotateInputs(dims, 3)
    const score = (angleState: number) => {
      const { q, k } = mamba3Rotate({ ...x, angleState: new Float32Array(3).fill(angleState) }, dims, pairing)
      return k.subarray(4 * 6, 5 * 6).reduce((sum, value, n) => sum + value * q[17 * 6 + n]!, 0)
    }
    expect(score(0)).toBeCloseTo(score(2.5), 10)
  })

  test('keeps the angles between 0 and 2π', () => {
    const dims = { batch: 1, length: 50, rank: 1, nGroups: 1, nHeads: 2, dState: 4, nAngles: 2 }
    const x = mamba3RotateInputs(dims, 5)
    const { angleState } = mamba3Rotate({ ...x, delta: x.delta.map(() => 20) }, dims, pairing)
    for (const angle of angleState) {
      expect(angle).toBeGreaterThanOrEqual(0)
      expect(angle).toBeLessThanOrEqual(2 * Math.PI)
    }
  })
})

describe('mamba3Rotate', () => {
  const dims = { batch: 2, length: 5, rank: 2, nGroups: 2, nHeads: 4, dState: 6, nAngles: 2 }

  test('does nothing but add biases where the angles are zero', () => {
    const x = { ...mamba3RotateInputs(dims, 1), angles: new Float32Array(20), angleState: undefined }
    const { q, k, angleState } = mamba3Rotate(x, dims, 'half')
    expectSame(q.slice(0, 6), biased(x.C, x.CBias, dims, 0, 0, 0))
    expectSame(k.slice(-6), biased(x.B, x.BBias, dims, 9, 1, 3))
    expectSame(angleState, new Float64Array(16))
  })
  test('pairs half a vector apart as it pairs neighbours, after sorting even before odd dimensions', () => {
    const random = seededRandom(1)
    const x = mamba3RotateInputs(dims, 1)
    const sort = (array: Float32Array | Float64Array) =>
      array.map((_, i) => {
        const n = i % 6
        return array[i - n + (n < 3 ? 2 * n : 2 * (n - 3) + 1)]!
      })
    const B = fill(x.B.length, random.normal)
    const adjacent = mamba3Rotate({ ...x, B }, dims, 'adjacent')
    const half = mamba3Rotate({ ...x, B: sort(B), BBias: sort(x.BBias) }, dims, 'half')
    expectSame(half.k, sort(adjacent.k))
  })
  test('does not change its inputs', () => {
    const x = mamba3RotateInputs(dims, 1)
    mamba3Rotate(x, dims, 'half')
    expect(x).toEqual(mamba3RotateInputs(dims, 1))
  })
  test('refuses inputs that do not fit, and more angles than pairs', () => {
    const x = mamba3RotateInputs(dims, 1)
    for (const name of ['B', 'C', 'BBias', 'CBias', 'angles', 'delta', 'angleState']) {
      expect(() => mamba3Rotate({ ...x, [name]: new Float32Array(7) }, dims, 'half')).toThrow(
        `mamba3Rotate: ${name} has 7 elements`,
      )
    }
    const tooMany = { ...dims, nAngles: 4 }
    expect(() => mamba3Rotate(mamba3RotateInputs(tooMany, 1), tooMany, 'half')).toThrow(
      'mamba3Rotate: dState is 6; expected an even number, 2 · nAngles (8) or more',
    )
  })
})
