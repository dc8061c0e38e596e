import {
  abs,
  chunkSizes,
  expectSame,
  expectWithin,
  fill,
  joinAxis,
  seededRandom,
  seeds,
  sliceAxis,
  splitLength,
  ssdDims,
  ssdInputs,
  TOLERANCE,
} from '@mamba/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { selectiveScan } from './selective-scan.ts'
import { type SsdDims, type SsdInputs, type SsdResult, ssd } from './ssd.ts'
import { ssdChunked } from './ssd-chunked.ts'

type Form = (x: SsdInputs, dims: SsdDims, chunkSize?: number) => SsdResult

const forms: [string, Form][] = [
  ['ssd', ssd],
  ['ssdChunked', (x, dims, chunkSize = 5) => ssdChunked(x, dims, chunkSize)],
]

/** The scan on absolute values: delta > 0 and exp > 0, so it bounds every partial sum. */
function scaleOf(x: ReturnType<typeof ssdInputs>, dims: SsdDims): SsdResult {
  return ssd({ ...x, x: abs(x.x), B: abs(x.B), C: abs(x.C), D: abs(x.D), h0: abs(x.h0) }, dims)
}

/**
 * The layer as a matrix over time, M = L ∘ (C Bᵀ) diag(Δ), without any recurrence:
 * yᵢ = Σ_{j≤i} exp(A Σ_{j<k≤i} Δₖ) (Cᵢ·Bⱼ) Δⱼ xⱼ + exp(A Σ_{k≤i} Δₖ) h₀ Cᵢ + D xᵢ.
 */
function semiseparableMatrix(x: ReturnType<typeof ssdInputs>, dims: SsdDims): Float64Array {
  const { batch, length, nHeads, headDim, nGroups, dState } = dims
  const y = new Float64Array(batch * length * nHeads * headDim)
  for (let b = 0; b < batch; b++) {
    for (let head = 0; head < nHeads; head++) {
      const group = Math.floor((head * nGroups) / nHeads)
      const at = (t: number) => (b * length + t) * nHeads + head
      const row = (matrix: Float32Array, t: number) => {
        const start = ((b * length + t) * nGroups + group) * dState
        return matrix.subarray(start, start + dState)
      }
      for (let i = 0; i < length; i++) {
        const C = row(x.C, i)
        for (let p = 0; p < headDim; p++) {
          let sum = x.D[head]! * x.x[at(i) * headDim + p]!
          let elapsed = 0
          for (let j = i; j >= 0; j--) {
            const score = row(x.B, j).reduce((total, value, n) => total + value * C[n]!, 0)
            sum += Math.exp(x.A[head]! * elapsed) * score * x.delta[at(j)]! * x.x[at(j) * headDim + p]!
            elapsed += x.delta[at(j)]!
          }
          const start = ((b * nHeads + head) * headDim + p) * dState
          const h0 = x.h0.subarray(start, start + dState)
          sum += Math.exp(x.A[head]! * elapsed) * h0.reduce((total, value, n) => total + value * C[n]!, 0)
          y[at(i) * headDim + p] = sum
        }
      }
    }
  }
  return y
}

/** Runs `form` on piece after piece of the sequence, carrying h. */
function inPieces(form: Form, x: ReturnType<typeof ssdInputs>, dims: SsdDims, pieces: number[]): SsdResult {
  const { batch, length, nHeads, headDim, nGroups, dState } = dims
  const ys: Float64Array[] = [new Float64Array(0)]
  let h = Float64Array.from(x.h0)
  let start = 0
  for (const count of pieces) {
    const cut = (array: Float32Array, width: number) =>
      sliceAxis(array, [batch, length, width], 1, start, start + count)
    const sequence = {
      x: cut(x.x, nHeads * headDim),
      delta: cut(x.delta, nHeads),
      B: cut(x.B, nGroups * dState),
      C: cut(x.C, nGroups * dState),
    }
    const piece = form({ ...x, ...sequence, h0: h }, { ...dims, length: count })
    ys.push(piece.y)
    h = Float64Array.from(piece.h)
    start += count
  }
  return { y: joinAxis(ys, [batch, length, nHeads, headDim], 1), h }
}

describe.each(forms)('%s', (_, form) => {
  test('equals its matrix over time, for every shape', () => {
    fc.assert(
      fc.property(ssdDims, seeds, chunkSizes, (dims, seed, chunkSize) => {
        const x = ssdInputs(dims, seed)
        expectWithin(
          form(x, dims, chunkSize).y,
          semiseparableMatrix(x, dims),
          scaleOf(x, dims).y,
          TOLERANCE.ssd,
        )
      }),
      { numRuns: 30 },
    )
  })

  test('gives the final state of the recurrence', () => {
    fc.assert(
      fc.property(ssdDims, seeds, chunkSizes, (dims, seed, chunkSize) => {
        const x = ssdInputs(dims, seed)
        expectWithin(form(x, dims, chunkSize).h, ssd(x, dims).h, scaleOf(x, dims).h, TOLERANCE.ssd)
      }),
    )
  })

  test('is split-invariant: pieces and single tokens, carrying h, give what one pass gives', () => {
    fc.assert(
      fc.property(ssdDims, seeds, chunkSizes, (dims, seed, chunkSize) => {
        const x = ssdInputs(dims, seed)
        const scale = scaleOf(x, dims)
        const whole = form(x, dims, chunkSize)
        for (const pieces of [splitLength(dims.length, seed), new Array(dims.length).fill(1)]) {
          const got = inPieces(form, x, dims, pieces)
          expectWithin(got.y, whole.y, scale.y, TOLERANCE.ssd)
          expectWithin(got.h, whole.h, scale.h, TOLERANCE.ssd)
        }
      }),
      { numRuns: 50 },
    )
  })

  test('is causal: changing x, delta, B and C at t and later leaves y before t unchanged', () => {
    fc.assert(
      fc.property(ssdDims, seeds, (dims, seed) => {
        const x = ssdInputs(dims, seed)
        const other = ssdInputs(dims, seed + 1)
        const { batch, length, nHeads, headDim, nGroups, dState } = dims
        const t = seed % (length + 1)
        const spliced = (width: number, a: Float32Array, b: Float32Array) => {
          const shape = [batch, length, width]
          return joinAxis([sliceAxis(a, shape, 1, 0, t), sliceAxis(b, shape, 1, t, length)], shape, 1)
        }
        const changed = {
          ...x,
          x: spliced(nHeads * headDim, x.x, other.x),
          delta: spliced(nHeads, x.delta, other.delta),
          B: spliced(nGroups * dState, x.B, other.B),
          C: spliced(nGroups * dState, x.C, other.C),
        }
        const past = (y: Float64Array) => sliceAxis(y, [batch, length, nHeads * headDim], 1, 0, t)
        expectSame(past(form(changed, dims).y), past(form(x, dims).y))
      }),
    )
  })

  test('is batch-independent: a sequence gives the same alone as among others', () => {
    fc.assert(
      fc.property(ssdDims, seeds, (dims, seed) => {
        const x = ssdInputs(dims, seed)
        const together = form(x, dims)
        const { batch } = dims
        const pick = <T extends Float32Array | Float64Array>(array: T, b: number) =>
          sliceAxis(array, [batch, array.length / batch], 0, b, b + 1)
        for (let b = 0; b < batch; b++) {
          const sequence = { x: pick(x.x, b), delta: pick(x.delta, b), B: pick(x.B, b), C: pick(x.C, b) }
          const alone = form({ ...x, ...sequence, h0: pick(x.h0, b) }, { ...dims, batch: 1 })
          expectSame(alone.y, pick(together.y, b))
          expectSame(alone.h, pick(together.h, b))
        }
      }),
    )
  })

  test('gives contiguous heads one group: the same as B and C copied out for every head', () => {
    fc.assert(
      fc.property(ssdDims, seeds, (dims, seed) => {
        const { batch, length, nHeads, nGroups, dState } = dims
        const x = ssdInputs(dims, seed)
        const forEveryHead = (grouped: Float32Array) => {
          const rows = []
          for (let row = 0; row < batch * length; row++) {
            for (let head = 0; head < nHeads; head++) {
              const start = (row * nGroups + Math.floor(head / (nHeads / nGroups))) * dState
              rows.push(...grouped.subarray(start, start + dState))
            }
          }
          return Float32Array.from(rows)
        }
        const copied = { ...x, B: forEveryHead(x.B), C: forEveryHead(x.C) }
        expectSame(form(x, dims).y, form(copied, { ...dims, nGroups: nHeads }).y)
      }),
    )
  })

  const dims = { batch: 2, length: 11, nHeads: 4, headDim: 3, nGroups: 2, dState: 5 }

  test('takes D per head and dimension', () => {
    const x = ssdInputs(dims, 1)
    const perHead = { ...x, D: Float32Array.from([1, 2, 3, 4]) }
    const spread = { ...x, D: Float32Array.from([1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]) }
    expectSame(form(spread, dims).y, form(perHead, dims).y)
    const D = fill(12, seededRandom(2).normal)
    const got = form({ ...x, D }, dims).y
    const none = form({ ...x, D: undefined }, dims).y
    for (let i = 0; i < got.length; i++) {
      expect(got[i]).toBeCloseTo(none[i]! + D[i % 12]! * x.x[i]!, 12)
    }
  })

  test('without h0 does what zeros do', () => {
    const x = ssdInputs(dims, 1)
    const got = form({ ...x, h0: undefined }, dims)
    const want = form({ ...x, h0: x.h0.map(() => 0) }, dims)
    expectSame(got.y, want.y)
    expectSame(got.h, want.h)
  })

  test('with no tokens returns the state that it was given', () => {
    const x = ssdInputs({ ...dims, length: 0 }, 1)
    const { y, h } = form(x, { ...dims, length: 0 })
    expect(y).toEqual(new Float64Array(0))
    expectSame(h, x.h0)
  })

  test('reads float64 as it reads float32', () => {
    const x = ssdInputs(dims, 1)
    const wide = Object.fromEntries(
      Object.entries(x).map(([name, array]) => [name, Float64Array.from(array)]),
    )
    expect(form({ ...x, ...wide }, dims)).toEqual(form(x, dims))
  })

  test('forgets and stays finite when delta · |A| is huge', () => {
    const x = ssdInputs(dims, 1)
    const { y, h } = form({ ...x, delta: x.delta.map(() => 1e4), A: x.A.map(() => -1e4) }, dims)
    for (const value of [...y, ...h]) {
      expect(value).toSatisfy(Number.isFinite)
    }
  })

  test('does not change its inputs', () => {
    const x = ssdInputs(dims, 1)
    form(x, dims)
    expect(x).toEqual(ssdInputs(dims, 1))
  })

  test('refuses inputs that do not fit, naming the input and the shape', () => {
    const x = ssdInputs(dims, 1)
    for (const name of ['x', 'delta', 'A', 'B', 'C', 'D', 'h0']) {
      expect(() => form({ ...x, [name]: new Float32Array(7) }, dims)).toThrow(
        `${name} has 7 elements; expected [`,
      )
    }
    expect(() => form(ssdInputs({ ...dims, nGroups: 3 }, 1), { ...dims, nGroups: 3 })).toThrow(
      'nGroups is 3; expected a divisor of nHeads, 4',
    )
  })
})

test('ssd carries h without changing a bit', () => {
  fc.assert(
    fc.property(ssdDims, seeds, (dims, seed) => {
      const x = ssdInputs(dims, seed)
      const whole = ssd(x, dims)
      const got = inPieces(ssd, x, dims, splitLength(dims.length, seed))
      expectSame(got.y, whole.y)
      expectSame(got.h, whole.h)
    }),
  )
})

test('ssd with one group is the selective scan with one A and delta per head', () => {
  fc.assert(
    fc.property(ssdDims, seeds, ({ nGroups, ...sizes }, seed) => {
      const dims = { ...sizes, nGroups: 1 }
      const { nHeads, headDim, dState } = dims
      const x = ssdInputs(dims, seed)
      const repeat = (array: Float32Array, times: number) =>
        Float32Array.from({ length: array.length * times }, (_, i) => array[Math.floor(i / times)]!)
      const channels = {
        u: x.x,
        delta: repeat(x.delta, headDim),
        A: repeat(x.A, headDim * dState),
        B: x.B,
        C: x.C,
        D: repeat(x.D, headDim),
        h0: x.h0,
      }
      const want = selectiveScan(channels, { ...dims, dInner: nHeads * headDim })
      const scale = scaleOf(x, dims)
      expectWithin(ssd(x, dims).y, want.y, scale.y, TOLERANCE.ssd)
      expectWithin(ssd(x, dims).h, want.h, scale.h, TOLERANCE.ssd)
    }),
  )
})

test('ssdChunked keeps its digits over 3,000 tokens of slow decay', () => {
  const dims = { batch: 1, length: 3000, nHeads: 2, headDim: 2, nGroups: 1, dState: 3 }
  const x = ssdInputs(dims, 7)
  const slow = {
    ...x,
    delta: x.delta.map((_, i) => 1e-3 * (1 + (i % 3))),
    A: x.A.map((_, i) => -0.1 * (i + 1)),
  }
  const want = ssd(slow, dims)
  const scale = scaleOf(slow, dims)
  for (const chunkSize of [64, 700]) {
    const got = ssdChunked(slow, dims, chunkSize)
    expectWithin(got.y, want.y, scale.y, TOLERANCE.ssd)
    expectWithin(got.h, want.h, scale.h, TOLERANCE.ssd)
  }
})

test('ssdChunked refuses a chunk size that is not a whole number ≥ 1', () => {
  const dims = { batch: 1, length: 3, nHeads: 1, headDim: 1, nGroups: 1, dState: 1 }
  for (const chunkSize of [0, -1, 1.5, Number.NaN, Infinity]) {
    expect(() => ssdChunked(ssdInputs(dims, 1), dims, chunkSize)).toThrow(
      `ssdChunked: chunkSize is ${chunkSize}`,
    )
  }
})
