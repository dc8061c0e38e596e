import { afterEach, describe, expect, test } from 'vitest'
import { EPSILON, expectSame, expectWithin, observeErrors, TOLERANCE, worstError } from './tolerance.ts'

const one = Float64Array.from([1])
const tolerance = { epsilon: EPSILON.f64, observed: 1, k: 2 }

describe('expectWithin', () => {
  test('accepts an error of k · epsilon · scale and no more', () => {
    expectWithin(Float64Array.from([1 + 2 * EPSILON.f64]), one, one, tolerance)
    expect(() => expectWithin(Float64Array.from([1 + 4 * EPSILON.f64]), one, one, tolerance)).toThrow(
      'element 0 is 1.0',
    )
  })
  test('measures against the scale, so that a cancelled result may be off by its terms’ rounding', () => {
    const got = Float64Array.from([1e-16])
    const want = Float64Array.from([2e-16])
    expectWithin(got, want, one, tolerance)
    expect(() => expectWithin(got, want, want, tolerance)).toThrow('off by')
  })
  test.each([Number.NaN, Infinity])('refuses %d', (value) => {
    expect(() => expectWithin(Float64Array.from([value]), one, one, tolerance)).toThrow('element 0')
    expect(() => expectWithin(one, Float64Array.from([value]), one, tolerance)).toThrow('element 0')
  })
  test('refuses any difference where the scale is zero', () => {
    const zero = new Float64Array(1)
    expectWithin(zero, zero, zero, tolerance)
    expect(() => expectWithin(Float64Array.from([1e-300]), zero, zero, tolerance)).toThrow('element 0')
  })
  test('refuses another length', () => {
    expect(() => expectWithin(new Float64Array(2), one, one, tolerance)).toThrow('length')
  })
})

describe('observeErrors', () => {
  afterEach(() => observeErrors(undefined))

  test('tells the largest error of each comparison in units of epsilon · scale, failed ones too', () => {
    const told: unknown[] = []
    observeErrors((error, { k }) => told.push([error, k]))
    const ones = Float64Array.from([1, 1])
    expectWithin(Float64Array.from([1 + 2 * EPSILON.f64, 1]), ones, ones, tolerance)
    expect(() => expectWithin(ones, Float64Array.from([0, 2]), ones, { ...tolerance, k: 3 })).toThrow(
      'element 0',
    )
    observeErrors(undefined)
    expectWithin(one, one, one, tolerance)
    expect(told).toEqual([
      [2, 2],
      [1 / EPSILON.f64, 3],
    ])
  })
})

test('expectSame refuses the smallest difference and accepts another sign of zero', () => {
  expectSame(Float32Array.from([1, -0]), Float64Array.from([1, 0]))
  expect(() => expectSame(Float64Array.from([1 + 2 * EPSILON.f64]), one)).toThrow('element 0')
  expect(() => expectSame(Float64Array.from([Number.NaN]), one)).toThrow('element 0')
})

test('worstError is the largest error in units of the scale', () => {
  const got = Float64Array.from([1, 2, 3])
  expect(worstError(got, Float64Array.from([1, 2.5, 3.5]), Float64Array.from([1, 1, 10]))).toBe(0.5)
  expect(worstError(got, Float64Array.from([1, Number.NaN, 3]), got)).toBe(Infinity)
  expect(worstError(new Float64Array(0), new Float64Array(0), new Float64Array(0))).toBe(0)
})

test.each(Object.entries(TOLERANCE))('%s allows 2 to 3 times the observed error', (_, { observed, k }) => {
  expect(k).toBeGreaterThanOrEqual(2 * observed)
  expect(k).toBeLessThanOrEqual(Math.max(5, 3 * observed))
})
