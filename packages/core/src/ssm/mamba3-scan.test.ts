import {
  abs,
  chunkSizes,
  expectSame,
  expectWithin,
  fill,
  joinAxis,
  mamba3Dims,
  mamba3ScanInputs,
  seededRandom,
  seeds,
  sliceAxis,
  splitLength,
  TOLERANCE,
} from '@mamba/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Mamba3ScanDims,
  type Mamba3ScanInputs,
  type Mamba3ScanResult,
  mamba3Scan,
} from './mamba3-scan.ts'
import { mamba3ScanChunked, mamba3ScanParallel } from './mamba3-scan-chunked.ts'
import { ssd } from './ssd.ts'

type Inputs = ReturnType<typeof mamba3ScanInputs>
type Form = (x: Mamba3ScanInputs, dims: Mamba3ScanDims, chunkSize?: number) => Mamba3ScanResult

const forms: [string, Form][] = [
  ['mamba3Scan', mamba3Scan],
  ['mamba3ScanParallel', mamba3ScanParallel],
  ['mamba3ScanChunked', (x, dims, chunkSize = 5) => mamba3ScanChunked(x, dims, chunkSize)],
]

/** The scan on absolute values: delta > 0, exp > 0 and 0 ≤ λ ≤ 1, so it bounds every partial sum. */
function scaleOf(x: Inputs, dims: Mamba3ScanDims): Mamba3ScanResult {
  const state = { h: abs(x.state.h), k: abs(x.state.k), v: abs(x.state.v) }
  return mamba3Scan(
    { ...x, q: abs(x.q), k: abs(x.k), v: abs(x.v), mimoX: abs(x.mimoX), D: abs(x.D), state },
    dims,
  )
}

/**
 * The scan as a matrix over time, without any recurrence. The state enters as one more token before the
 * first, whose own share is in h already:
 * yᵢ = Σ_{j≤i} e(i, j) γⱼ (qᵢ·kⱼ) vⱼ + Σ_{j<i} e(i, j) (1 − λⱼ₊₁) Δⱼ₊₁ (qᵢ·kⱼ) vⱼ + e(i, −1) h qᵢ + D vᵢ,
 * with e(i, j) = exp(Σ_{j<k≤i} Δₖ Aₖ); products with v and k sum over ranks.
 */
function timeMatrix(x: Inputs, dims: Mamba3ScanDims): Float64Array {
  const { batch, length, rank, nHeads, headDim, dState } = dims
  const y = new Float64Array(batch * length * rank * nHeads * headDim)
  for (let b = 0; b < batch; b++) {
    for (let head = 0; head < nHeads; head++) {
      const at = (t: number) => (b * length + t) * nHeads + head
      const key = (t: number, r: number, n: number) =>
        t < 0
          ? x.state.k[((b * rank + r) * nHeads + head) * dState + n]!
          : x.k[(((b * length + t) * rank + r) * nHeads + head) * dState + n]!
      const value = (t: number, r: number, p: number) =>
        x.mimoX[(head * rank + r) * headDim + p]! *
        (t < 0 ? x.state.v[(b * nHeads + head) * headDim + p]! : x.v[at(t) * headDim + p]!)
      for (let i = 0; i < length; i++) {
        for (let r = 0; r < rank; r++) {
          const out = ((b * length + i) * rank + r) * nHeads + head
          const query = (n: number) => x.q[out * dState + n]!
          const dots = (j: number, p: number) => {
            let sum = 0
            for (let s = 0; s < rank; s++) {
              for (let n = 0; n < dState; n++) {
                sum += query(n) * key(j, s, n) * value(j, s, p)
              }
            }
            return sum
          }
          for (let p = 0; p < headDim; p++) {
            let sum = x.D[head]! * value(i, r, p)
            let logDecay = 0
            for (let j = i; j >= -1; j--) {
              const own = j < 0 ? 0 : x.lambda[at(j)]! * x.delta[at(j)]!
              const next = j === i ? 0 : (1 - x.lambda[at(j + 1)]!) * x.delta[at(j + 1)]!
              sum += Math.exp(logDecay) * (own + next) * dots(j, p)
              if (j >= 0) {
                logDecay += x.delta[at(j)]! * x.A[at(j)]!
              }
            }
            for (let n = 0; n < dState; n++) {
              sum +=
                Math.exp(logDecay) * x.state.h[((b * nHeads + head) * headDim + p) * dState + n]! * query(n)
            }
            y[out * headDim + p] = sum
          }
        }
      }
    }
  }
  return y
}

/** The named sequences of `x`, each cut by `cut(array, elements per token)`. */
function mapSequences(
  x: Inputs,
  dims: Mamba3ScanDims,
  cut: (array: Float32Array, width: number) => Float32Array,
) {
  const { rank, nHeads, headDim, dState } = dims
  return {
    ...x,
    q: cut(x.q, rank * nHeads * dState),
    k: cut(x.k, rank * nHeads * dState),
    v: cut(x.v, nHeads * headDim),
    delta: cut(x.delta, nHeads),
    A: cut(x.A, nHeads),
    lambda: cut(x.lambda, nHeads),
  }
}

/** Runs `form` on piece after piece of the sequence, carrying the state. */
function inPieces(form: Form, x: Inputs, dims: Mamba3ScanDims, pieces: number[]): Mamba3ScanResult {
  const { batch, length, rank, nHeads, headDim } = dims
  const ys: Float64Array[] = [new Float64Array(0)]
  let { state } = form(
    mapSequences(x, dims, () => new Float32Array(0)),
    { ...dims, length: 0 },
  )
  let start = 0
  for (const count of pieces) {
    const piece = mapSequences(x, dims, (array, width) =>
      sliceAxis(array, [batch, length, width], 1, start, start + count),
    )
    const result = form({ ...piece, state }, { ...dims, length: count })
    ys.push(result.y)
    state = result.state
    start += count
  }
  return { y: joinAxis(ys, [batch, length, rank * nHeads * headDim], 1), state }
}

describe.each(forms)('%s', (_, form) => {
  test('equals its matrix over time, for every shape', () => {
    fc.assert(
      fc.property(mamba3Dims, seeds, chunkSizes, (dims, seed, chunkSize) => {
        const x = mamba3ScanInputs(dims, seed)
        const { y } = form(x, dims, chunkSize)
        expectWithin(y, timeMatrix(x, dims), scaleOf(x, dims).y, TOLERANCE.mamba3Scan)
      }),
      { numRuns: 20 },
    )
  })

  test('gives the final state of the recurrence', () => {
    fc.assert(
      fc.property(mamba3Dims, seeds, chunkSizes, (dims, seed, chunkSize) => {
        const x = mamba3ScanInputs(dims, seed)
        const got = form(x, dims, chunkSize).state
        const want = mamba3Scan(x, dims).state
        expectWithin(got.h, want.h, scaleOf(x, dims).state.h, TOLERANCE.mamba3Scan)
        expectSame(got.k, want.k)
        expectSame(got.v, want.v)
      }),
    )
  })

  test('is split-invariant: pieces and single tokens, carrying the state, give what one pass gives', () => {
    fc.assert(
      fc.property(mamba3Dims, seeds, chunkSizes, (dims, seed, chunkSize) => {
        const x = mamba3ScanInputs(dims, seed)
        const scale = scaleOf(x, dims)
        const whole = form(x, dims, chunkSize)
        for (const pieces of [splitLength(dims.length, seed), new Array(dims.length).fill(1)]) {
          const got = inPieces(form, x, dims, pieces)
          expectWithin(got.y, whole.y, scale.y, TOLERANCE.mamba3Scan)
          expectWithin(got.state.h, whole.state.h, scale.state.h, TOLERANCE.mamba3Scan)
          expectSame(got.state.k, whole.state.k)
          expectSame(got.state.v, whole.state.v)
        }
      }),
      { numRuns: 40 },
    )
  })

  test('is causal: changing all sequences at t and later leaves y before t unchanged', () => {
    fc.assert(
      fc.property(mamba3Dims, seeds, (dims, seed) => {
        const { batch, length, rank, nHeads, headDim } = dims
        const x = mamba3ScanInputs(dims, seed)
        const t = seed % (length + 1)
        const changed = mapSequences(x, dims, (array, width) =>
          array.map((value, i) => (Math.floor(i / width) % length >= t ? value / 2 : value)),
        )
        const past = (y: Float64Array) => sliceAxis(y, [batch, length, rank * nHeads * headDim], 1, 0, t)
        expectSame(past(form(changed, dims).y), past(form(x, dims).y))
      }),
    )
  })

  test('is batch-independent: a sequence gives the same alone as among others', () => {
    fc.assert(
      fc.property(mamba3Dims, seeds, (dims, seed) => {
        const { batch } = dims
        const x = mamba3ScanInputs(dims, seed)
        const together = form(x, dims)
        for (let b = 0; b < batch; b++) {
          const pick = <T extends Float32Array | Float64Array>(array: T) =>
            sliceAxis(array, [batch, array.length / batch], 0, b, b + 1)
          const state = { h: pick(x.state.h), k: pick(x.state.k), v: pick(x.state.v) }
          const alone = form({ ...mapSequences(x, dims, pick), state }, { ...dims, batch: 1 })
          expectSame(alone.y, pick(together.y))
          expectSame(alone.state.h, pick(together.state.h))
        }
      }),
    )
  })

  test('is a sum over input ranks: every pair of ranks is a SISO scan', () => {
    fc.assert(
      fc.property(mamba3Dims, seeds, (dims, seed) => {
        const { batch, length, rank, nHeads, headDim, dState } = dims
        const x = mamba3ScanInputs(dims, seed)
        const ofRank = (array: Float32Array, width: number, axes: number, r: number) =>
          sliceAxis(array, [axes, rank, width], 1, r, r + 1)
        const rows = batch * length
        for (let r = 0; r < rank; r++) {
          const sum = new Float64Array(rows * nHeads * headDim)
          for (let s = 0; s < rank; s++) {
            const siso = {
              ...x,
              q: ofRank(x.q, nHeads * dState, rows, r),
              k: ofRank(x.k, nHeads * dState, rows, s),
              mimoX: ofRank(x.mimoX, headDim, nHeads, s),
              D: r === s ? x.D : x.D.map(() => 0),
              // The state that the tokens before left is one matrix, whatever the ranks: count it once.
              state: {
                h: s === 0 ? x.state.h : x.state.h.map(() => 0),
                k: ofRank(x.state.k, nHeads * dState, batch, s),
                v: x.state.v,
              },
            }
            form(siso, { ...dims, rank: 1 }).y.forEach((value, i) => {
              sum[i]! += value
            })
          }
          const shape = [rows, rank, nHeads * headDim]
          const got = sliceAxis(form(x, dims).y, shape, 1, r, r + 1)
          expectWithin(got, sum, sliceAxis(scaleOf(x, dims).y, shape, 1, r, r + 1), TOLERANCE.mamba3Scan)
        }
      }),
      { numRuns: 40 },
    )
  })

  test('with λ = 1 and one A per head is SSD', () => {
    fc.assert(
      fc.property(mamba3Dims, seeds, (sizes, seed) => {
        const dims = { ...sizes, rank: 1 }
        const { batch, length, nHeads } = dims
        const x = mamba3ScanInputs(dims, seed)
        const A = fill(nHeads, () => -seededRandom(seed).logUniform(0.1, 16))
        const everyToken = Float32Array.from({ length: batch * length * nHeads }, (_, i) => A[i % nHeads]!)
        const euler = { ...x, A: everyToken, lambda: x.lambda.map(() => 1), mimoX: x.mimoX.map(() => 1) }
        const got = form(euler, dims)
        const want = ssd(
          { x: x.v, delta: x.delta, A, B: x.k, C: x.q, D: x.D, h0: x.state.h },
          { ...dims, nGroups: nHeads },
        )
        const scale = scaleOf(euler, dims)
        expectWithin(got.y, want.y, scale.y, TOLERANCE.mamba3Scan)
        expectWithin(got.state.h, want.h, scale.state.h, TOLERANCE.mamba3Scan)
      }),
    )
  })

  const dims = { batch: 2, length: 11, rank: 2, nHeads: 3, headDim: 4, dState: 6 }

  test('gives the first token of a sequence its own share alone: y = γ (q·k) v + D v', () => {
    const siso = { batch: 1, length: 1, rank: 1, nHeads: 1, headDim: 1, dState: 2 }
    const { y, state } = form(
      {
        q: Float64Array.from([2, 3]),
        k: Float64Array.from([5, 7]),
        v: Float64Array.from([11]),
        delta: Float64Array.from([0.5]),
        A: Float64Array.from([-1]),
        lambda: Float64Array.from([0.25]),
        D: Float64Array.from([13]),
      },
      siso,
    )
    expect([...y]).toEqual([0.125 * 31 * 11 + 13 * 11])
    expect(state).toEqual({
      h: Float64Array.from([0.125 * 11 * 5, 0.125 * 11 * 7]),
      k: Float64Array.from([5, 7]),
      v: Float64Array.from([11]),
    })
  })

  test('without mimoX and state does what ones and zeros do', () => {
    const x = mamba3ScanInputs(dims, 1)
    const { h, k, v } = x.state
    const zeros = { h: h.map(() => 0), k: k.map(() => 0), v: v.map(() => 0) }
    const got = form({ ...x, mimoX: undefined, state: undefined }, dims)
    const want = form({ ...x, mimoX: x.mimoX.map(() => 1), state: zeros }, dims)
    expectSame(got.y, want.y)
    expectSame(got.state.h, want.state.h)
  })

  test('with no tokens returns the state that it was given', () => {
    const x = mamba3ScanInputs({ ...dims, length: 0 }, 1)
    const { y, state } = form(x, { ...dims, length: 0 })
    expect(y).toEqual(new Float64Array(0))
    expectSame(state.h, x.state.h)
    expectSame(state.k, x.state.k)
    expectSame(state.v, x.state.v)
  })

  test('forgets and stays finite when delta · |A| is huge', () => {
    const x = mamba3ScanInputs(dims, 1)
    const { y, state } = form({ ...x, delta: x.delta.map(() => 1e4), A: x.A.map(() => -1e4) }, dims)
    for (const value of [...y, ...state.h]) {
      expect(value).toSatisfy(Number.isFinite)
    }
  })

  test('does not change its inputs', () => {
    const x = mamba3ScanInputs(dims, 1)
    form(x, dims)
    expect(x).toEqual(mamba3ScanInputs(dims, 1))
  })

  test('refuses inputs that do not fit, naming the input', () => {
    const x = mamba3ScanInputs(dims, 1)
    const short = new Float32Array(7)
    for (const name of ['q', 'k', 'v', 'delta', 'A', 'lambda', 'D', 'mimoX']) {
      expect(() => form({ ...x, [name]: short }, dims)).toThrow(`${name} has 7 elements; expected [`)
    }
    for (const name of ['h', 'k', 'v']) {
      expect(() => form({ ...x, state: { ...x.state, [name]: short } }, dims)).toThrow(
        `state.${name} has 7 elements`,
      )
    }
  })
})

test('mamba3Scan carries the state without changing a bit', () => {
  fc.assert(
    fc.property(mamba3Dims, seeds, (dims, seed) => {
      const x = mamba3ScanInputs(dims, seed)
      const whole = mamba3Scan(x, dims)
      const got = inPieces(mamba3Scan, x, dims, splitLength(dims.length, seed))
      expectSame(got.y, whole.y)
      expectSame(got.state.h, whole.state.h)
    }),
  )
})

test('mamba3ScanChunked keeps its digits over 2,000 tokens of slow decay', () => {
  const dims = { batch: 1, length: 2000, rank: 2, nHeads: 2, headDim: 2, dState: 4 }
  const x = mamba3ScanInputs(dims, 7)
  const slow = {
    ...x,
    delta: x.delta.map((_, i) => 1e-3 * (1 + (i % 3))),
    A: x.A.map((_, i) => -0.1 * (1 + (i % 5))),
  }
  const want = mamba3Scan(slow, dims)
  const scale = scaleOf(slow, dims)
  for (const chunkSize of [64, 500]) {
    const got = mamba3ScanChunked(slow, dims, chunkSize)
    expectWithin(got.y, want.y, scale.y, TOLERANCE.mamba3Scan)
    expectWithin(got.state.h, want.state.h, scale.state.h, TOLERANCE.mamba3Scan)
  }
})

test('mamba3ScanChunked refuses a chunk size that is not a whole number ≥ 1', () => {
  const dims = { batch: 1, length: 3, rank: 1, nHeads: 1, headDim: 1, dState: 2 }
  for (const chunkSize of [0, -1, 1.5, Number.NaN, Infinity]) {
    expect(() => mamba3ScanChunked(mamba3ScanInputs(dims, 1), dims, chunkSize)).toThrow(
      `mamba3ScanChunked: chunkSize is ${chunkSize}`,
    )
  }
})
