import {
  abs,
  chunkSizes,
  expectSame,
  expectWithin,
  joinAxis,
  seeds,
  selectiveScanDims,
  selectiveScanInputs,
  sliceAxis,
  splitLength,
  TOLERANCE,
} from '@mamba/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { blellochScan, hillisSteeleScan } from './associative-scan.ts'
import {
  type SelectiveScanDims,
  type SelectiveScanInputs,
  type SelectiveScanResult,
  selectiveScan,
} from './selective-scan.ts'
import { selectiveScanAssociative } from './selective-scan-associative.ts'
import { selectiveScanChunked } from './selective-scan-chunked.ts'

type Form = (x: SelectiveScanInputs, dims: SelectiveScanDims, chunkSize?: number) => SelectiveScanResult

const forms: [string, Form][] = [
  ['selectiveScan', selectiveScan],
  [
    'selectiveScanAssociative by Hillis-Steele',
    (x, dims) => selectiveScanAssociative(x, dims, hillisSteeleScan),
  ],
  ['selectiveScanAssociative by Blelloch', (x, dims) => selectiveScanAssociative(x, dims, blellochScan)],
  ['selectiveScanChunked', (x, dims, chunkSize = 5) => selectiveScanChunked(x, dims, chunkSize)],
]

/** The scan on absolute values: delta > 0 and exp > 0, so it bounds every partial sum. */
function scaleOf(x: ReturnType<typeof selectiveScanInputs>, dims: SelectiveScanDims): SelectiveScanResult {
  return selectiveScan({ ...x, u: abs(x.u), B: abs(x.B), C: abs(x.C), D: abs(x.D), h0: abs(x.h0) }, dims)
}

/**
 * The scan as a matrix over time, without any recurrence (Ali et al. 2024, arXiv:2403.01590):
 * yᵢ = Σ_{j≤i} Σₙ Cᵢ exp(A Σ_{j<k≤i} Δₖ) Δⱼ Bⱼ uⱼ + Σₙ Cᵢ exp(A Σ_{k≤i} Δₖ) h₀ + D uᵢ.
 */
function hiddenAttention(x: ReturnType<typeof selectiveScanInputs>, dims: SelectiveScanDims): Float64Array {
  const { batch, length, dInner, dState } = dims
  const y = new Float64Array(batch * length * dInner)
  for (let b = 0; b < batch; b++) {
    for (let d = 0; d < dInner; d++) {
      for (let i = 0; i < length; i++) {
        const at = (t: number) => (b * length + t) * dInner + d
        let sum = x.D[d]! * x.u[at(i)]!
        for (let n = 0; n < dState; n++) {
          const C = x.C[(b * length + i) * dState + n]!
          let elapsed = 0
          for (let j = i; j >= 0; j--) {
            const B = x.B[(b * length + j) * dState + n]!
            sum += C * Math.exp(x.A[d * dState + n]! * elapsed) * x.delta[at(j)]! * B * x.u[at(j)]!
            elapsed += x.delta[at(j)]!
          }
          sum += C * Math.exp(x.A[d * dState + n]! * elapsed) * x.h0[(b * dInner + d) * dState + n]!
        }
        y[at(i)] = sum
      }
    }
  }
  return y
}

/** Tokens from `start` to `end`, with `h0` for the state before them. */
function tokens(
  x: SelectiveScanInputs,
  dims: SelectiveScanDims,
  start: number,
  end: number,
  h0: Float64Array,
) {
  const { batch, length, dInner, dState } = dims
  const cut = <T extends Float32Array | Float64Array>(array: T, width: number) =>
    sliceAxis(array, [batch, length, width], 1, start, end)
  return {
    ...x,
    u: cut(x.u, dInner),
    delta: cut(x.delta, dInner),
    B: cut(x.B, dState),
    C: cut(x.C, dState),
    h0,
  }
}

/** Runs `form` on piece after piece of the sequence, carrying h. */
function inPieces(
  form: Form,
  x: ReturnType<typeof selectiveScanInputs>,
  dims: SelectiveScanDims,
  pieces: number[],
): SelectiveScanResult {
  const ys: Float64Array[] = [new Float64Array(0)]
  let h = Float64Array.from(x.h0)
  let start = 0
  for (const length of pieces) {
    const piece = form(tokens(x, dims, start, start + length, h), { ...dims, length })
    ys.push(piece.y)
    h = Float64Array.from(piece.h)
    start += length
  }
  return { y: joinAxis(ys, [dims.batch, dims.length, dims.dInner], 1), h }
}

describe.each(forms)('%s', (_, form) => {
  test('equals its matrix over time, for every shape', () => {
    fc.assert(
      fc.property(selectiveScanDims, seeds, chunkSizes, (dims, seed, chunkSize) => {
        const x = selectiveScanInputs(dims, seed)
        const scale = scaleOf(x, dims)
        expectWithin(form(x, dims, chunkSize).y, hiddenAttention(x, dims), scale.y, TOLERANCE.selectiveScan)
      }),
      { numRuns: 50 },
    )
  })

  test('is split-invariant: pieces and single tokens, carrying h, give what one pass gives', () => {
    fc.assert(
      fc.property(selectiveScanDims, seeds, chunkSizes, (dims, seed, chunkSize) => {
        const x = selectiveScanInputs(dims, seed)
        const scale = scaleOf(x, dims)
        const whole = form(x, dims, chunkSize)
        for (const pieces of [splitLength(dims.length, seed), new Array(dims.length).fill(1)]) {
          const got = inPieces(form, x, dims, pieces)
          expectWithin(got.y, whole.y, scale.y, TOLERANCE.selectiveScan)
          expectWithin(got.h, whole.h, scale.h, TOLERANCE.selectiveScan)
        }
      }),
      { numRuns: 50 },
    )
  })

  test('is causal: changing u, delta, B and C at t and later leaves y before t unchanged', () => {
    fc.assert(
      fc.property(selectiveScanDims, seeds, (dims, seed) => {
        const x = selectiveScanInputs(dims, seed)
        const other = selectiveScanInputs(dims, seed + 1)
        const { batch, length, dInner, dState } = dims
        const t = seed % (length + 1)
        const spliced = (width: number, a: Float32Array, b: Float32Array) => {
          const shape = [batch, length, width]
          return joinAxis([sliceAxis(a, shape, 1, 0, t), sliceAxis(b, shape, 1, t, length)], shape, 1)
        }
        const changed = {
          ...x,
          u: spliced(dInner, x.u, other.u),
          delta: spliced(dInner, x.delta, other.delta),
          B: spliced(dState, x.B, other.B),
          C: spliced(dState, x.C, other.C),
        }
        const past = (y: Float64Array) => sliceAxis(y, [batch, length, dInner], 1, 0, t)
        expectSame(past(form(changed, dims).y), past(form(x, dims).y))
      }),
    )
  })

  test('is batch-independent: a sequence gives the same alone as among others', () => {
    fc.assert(
      fc.property(selectiveScanDims, seeds, (dims, seed) => {
        const x = selectiveScanInputs(dims, seed)
        const together = form(x, dims)
        const { batch } = dims
        const pick = <T extends Float32Array | Float64Array>(array: T, b: number) =>
          sliceAxis(array, [batch, array.length / batch], 0, b, b + 1)
        for (let b = 0; b < batch; b++) {
          const sequence = { u: pick(x.u, b), delta: pick(x.delta, b), B: pick(x.B, b), C: pick(x.C, b) }
          const alone = form({ ...x, ...sequence, h0: pick(x.h0, b) }, { ...dims, batch: 1 })
          expectSame(alone.y, pick(together.y, b))
          expectSame(alone.h, pick(together.h, b))
        }
      }),
    )
  })

  const dims = { batch: 2, length: 11, dInner: 3, dState: 4 }

  test('without D and h0 does what zeros do', () => {
    const { D, h0, ...x } = selectiveScanInputs(dims, 1)
    const zeros = { ...x, D: D.map(() => 0), h0: h0.map(() => 0) }
    expectSame(form(x, dims).y, form(zeros, dims).y)
    expectSame(form(x, dims).h, form(zeros, dims).h)
  })

  test('with no tokens returns the state that it was given', () => {
    const x = selectiveScanInputs({ ...dims, length: 0 }, 1)
    const { y, h } = form(x, { ...dims, length: 0 })
    expect(y).toEqual(new Float64Array(0))
    expectSame(h, x.h0)
  })

  test('reads float64 as it reads float32', () => {
    const x = selectiveScanInputs(dims, 1)
    const wide = Object.fromEntries(
      Object.entries(x).map(([name, array]) => [name, Float64Array.from(array)]),
    )
    expect(form({ ...x, ...wide }, dims)).toEqual(form(x, dims))
  })

  test('forgets and stays finite when delta · |A| is huge', () => {
    const x = selectiveScanInputs(dims, 1)
    const { y, h } = form({ ...x, delta: x.delta.map(() => 1e4), A: x.A.map(() => -1e4) }, dims)
    for (const value of [...y, ...h]) {
      expect(value).toSatisfy(Number.isFinite)
    }
    const last = dims.length - 1
    // With a = 0, the state is what the last token adds.
    expect(h[0]).toBe(1e4 * x.B[last * dims.dState]! * x.u[last * dims.dInner]!)
  })

  test('does not change its inputs', () => {
    const x = selectiveScanInputs(dims, 1)
    form(x, dims)
    expect(x).toEqual(selectiveScanInputs(dims, 1))
  })

  test('refuses inputs that do not fit, naming the input and the shape', () => {
    const x = selectiveScanInputs(dims, 1)
    const short = new Float32Array(5)
    expect(() => form({ ...x, delta: short }, dims)).toThrow(
      'delta has 5 elements; expected [2, 11, 3] (batch, length, dInner)',
    )
    for (const name of ['u', 'delta', 'A', 'B', 'C', 'D', 'h0']) {
      expect(() => form({ ...x, [name]: short }, dims)).toThrow(`${name} has 5 elements`)
    }
  })
})

test('selectiveScan carries h without changing a bit', () => {
  fc.assert(
    fc.property(selectiveScanDims, seeds, (dims, seed) => {
      const x = selectiveScanInputs(dims, seed)
      const whole = selectiveScan(x, dims)
      const got = inPieces(selectiveScan, x, dims, splitLength(dims.length, seed))
      expectSame(got.y, whole.y)
      expectSame(got.h, whole.h)
    }),
  )
})

test('selectiveScanChunked keeps its digits over 3,000 tokens of slow decay', () => {
  const dims = { batch: 1, length: 3000, dInner: 2, dState: 3 }
  const x = selectiveScanInputs(dims, 7)
  const slow = {
    ...x,
    delta: x.delta.map((_, i) => 1e-3 * (1 + (i % 3))),
    A: x.A.map((_, i) => -0.1 * (i + 1)),
  }
  const want = selectiveScan(slow, dims)
  const scale = scaleOf(slow, dims)
  for (const chunkSize of [64, 1000, 5000]) {
    const got = selectiveScanChunked(slow, dims, chunkSize)
    expectWithin(got.y, want.y, scale.y, TOLERANCE.selectiveScan)
    expectWithin(got.h, want.h, scale.h, TOLERANCE.selectiveScan)
  }
})

test('selectiveScanChunked refuses a chunk size that is not a whole number ≥ 1', () => {
  const dims = { batch: 1, length: 3, dInner: 2, dState: 3 }
  for (const chunkSize of [0, -1, 1.5, Number.NaN, Infinity]) {
    expect(() => selectiveScanChunked(selectiveScanInputs(dims, 1), dims, chunkSize)).toThrow(
      `selectiveScanChunked: chunkSize is ${chunkSize}`,
    )
  }
})
