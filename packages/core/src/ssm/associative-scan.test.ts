import {
  expectSame,
  expectWithin,
  fill,
  lengths,
  seededRandom,
  seeds,
  sliceAxis,
  TOLERANCE,
} from '@mamba/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { blellochScan, composeSteps, hillisSteeleScan } from './associative-scan.ts'

const widths = fc.integer({ min: 1, max: 5 })

function recurrenceInputs(length: number, width: number, seed: number) {
  const random = seededRandom(seed)
  return {
    a: fill(length * width, () => random.between(-1, 1)),
    b: fill(length * width, random.normal),
    h0: fill(width, random.normal),
  }
}

/** All states by the recurrence itself, h ← a h + b. */
function recurrence(
  { a, b, h0 }: ReturnType<typeof recurrenceInputs>,
  length: number,
  width: number,
): Float64Array {
  const states = new Float64Array(length * width)
  for (let w = 0; w < width; w++) {
    let h = h0[w]!
    for (let t = 0; t < length; t++) {
      h = a[t * width + w]! * h + b[t * width + w]!
      states[t * width + w] = h
    }
  }
  return states
}

describe('composeSteps', () => {
  // Small whole numbers, so that float64 computes exactly.
  const step = fc.record({ a: fc.integer({ min: -9, max: 9 }), b: fc.integer({ min: -9, max: 9 }) })

  test('applies the earlier step first', () => {
    fc.assert(
      fc.property(step, step, fc.integer({ min: -9, max: 9 }), (earlier, later, h) => {
        const both = composeSteps(earlier, later)
        expect(both.a * h + both.b).toBe(later.a * (earlier.a * h + earlier.b) + later.b)
      }),
    )
  })
  test('is associative', () => {
    fc.assert(
      fc.property(step, step, step, (x, y, z) => {
        const left = composeSteps(composeSteps(x, y), z)
        const right = composeSteps(x, composeSteps(y, z))
        expect(left.a).toBe(right.a)
        expect(left.b).toBe(right.b)
      }),
    )
  })
  test('is not commutative', () => {
    expect(composeSteps({ a: 2, b: 0 }, { a: 1, b: 1 })).not.toEqual(
      composeSteps({ a: 1, b: 1 }, { a: 2, b: 0 }),
    )
  })
})

describe.each([
  ['hillisSteeleScan', hillisSteeleScan],
  ['blellochScan', blellochScan],
])('%s', (_, scan) => {
  test('gives all states of the recurrence, for every length', () => {
    fc.assert(
      fc.property(lengths, widths, seeds, (length, width, seed) => {
        const x = recurrenceInputs(length, width, seed)
        const magnitudes = { a: x.a.map(Math.abs), b: x.b.map(Math.abs), h0: x.h0.map(Math.abs) }
        expectWithin(
          scan(x, { length, width }),
          recurrence(x, length, width),
          recurrence(magnitudes, length, width),
          TOLERANCE.associativeScan,
        )
      }),
    )
  })
  test('approaches b / (1 − a) like b (1 − aᵗ) / (1 − a) when a and b are constant', () => {
    const length = 100
    const h = scan(
      { a: new Float64Array(length).fill(0.9), b: new Float64Array(length).fill(2) },
      { length, width: 1 },
    )
    for (let t = 0; t < length; t++) {
      expect(h[t]).toBeCloseTo((2 * (1 - 0.9 ** (t + 1))) / (1 - 0.9), 12)
    }
  })
  test('starts from zero without h0', () => {
    const { a, b } = recurrenceInputs(13, 2, 1)
    expectSame(
      scan({ a, b }, { length: 13, width: 2 }),
      scan({ a, b, h0: new Float64Array(2) }, { length: 13, width: 2 }),
    )
  })
  test('is causal: a change at t leaves the states before t unchanged', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), seeds, (length, seed) => {
        const x = recurrenceInputs(length, 3, seed)
        const t = seed % length
        const changed = { ...x, b: x.b.map((value, i) => (i >= t * 3 ? value + 1 : value)) }
        const past = (h: Float64Array) => sliceAxis(h, [length, 3], 0, 0, t)
        expectSame(past(scan(changed, { length, width: 3 })), past(scan(x, { length, width: 3 })))
      }),
    )
  })
  test('gives no states for no steps', () => {
    expect(scan(recurrenceInputs(0, 4, 1), { length: 0, width: 4 })).toEqual(new Float64Array(0))
  })
  test('does not change its inputs', () => {
    const x = recurrenceInputs(7, 2, 3)
    scan(x, { length: 7, width: 2 })
    expect(x).toEqual(recurrenceInputs(7, 2, 3))
  })
  test('refuses inputs that do not fit', () => {
    const x = recurrenceInputs(7, 2, 3)
    expect(() => scan({ ...x, b: new Float32Array(13) }, { length: 7, width: 2 })).toThrow(
      `${scan.name}: b has 13 elements; expected [7, 2] (length, width)`,
    )
    expect(() => scan({ ...x, h0: new Float32Array(3) }, { length: 7, width: 2 })).toThrow(
      'h0 has 3 elements',
    )
  })
})
