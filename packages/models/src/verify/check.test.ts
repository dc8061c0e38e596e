import { describe, expect, test } from 'vitest'
import { check, deviation, largestDifference, mean } from './check.ts'

describe('check', () => {
  test('holds up to its limit, the limit included', () => {
    expect(check('x', 1, 1)).toEqual({ name: 'x', value: 1, limit: 1, ok: true })
    expect(check('x', 1.0000001, 1).ok).toBe(false)
  })

  test('does not hold for NaN', () => {
    expect(check('x', Number.NaN, Number.POSITIVE_INFINITY).ok).toBe(false)
  })
})

describe('deviation', () => {
  test('is the largest difference in standard deviations of the reference', () => {
    expect(deviation([1, -1, 1, -1.5], [1, -1, 1, -1])).toBe(0.5)
    expect(deviation([10, -10.5], [10, -10])).toBe(0.05)
  })

  test('is 0 for equal arrays, also for constant and empty ones', () => {
    expect(deviation([3, 3], [3, 3])).toBe(0)
    expect(deviation([], [])).toBe(0)
  })

  test('is infinite where the reference is constant and the result is not, and for another length', () => {
    expect(deviation([3, 4], [3, 3])).toBe(Number.POSITIVE_INFINITY)
    expect(deviation([1, 2, 3], [1, 2])).toBe(Number.POSITIVE_INFINITY)
    expect(deviation([], [1, 2])).toBe(Number.POSITIVE_INFINITY)
  })

  test.each([
    ['the result', [1, Number.NaN], [1, 2]],
    ['the reference', [1, 2], [1, Number.NaN]],
    ['both', [1, Number.POSITIVE_INFINITY], [1, Number.POSITIVE_INFINITY]],
  ])('is NaN if %s is not finite', (_, got, want) => {
    expect(deviation(got, want)).toBeNaN()
  })
})

describe('largestDifference', () => {
  test('is NaN if an element is missing', () => {
    expect(largestDifference([1], [1, 2])).toBeNaN()
  })
})

test('mean is the sum over the count', () => {
  expect(mean([1, 2, 6])).toBe(3)
})
