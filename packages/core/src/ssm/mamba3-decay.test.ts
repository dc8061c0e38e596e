import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { heavyTail, mamba3Decay } from './mamba3-decay.ts'

describe('heavyTail', () => {
  test('is x + 1 above zero and 1 / (1 − x) below', () => {
    expect([heavyTail(0), heavyTail(3), heavyTail(-1), heavyTail(-3)]).toEqual([1, 4, 0.5, 0.25])
  })
  test('is positive and increasing', () => {
    const number = fc.double({ min: -1e6, max: 1e6, noNaN: true })
    fc.assert(
      fc.property(number, number, (x, y) => {
        expect(heavyTail(x)).toBeGreaterThan(0)
        expect(heavyTail(Math.min(x, y))).toBeLessThanOrEqual(heavyTail(Math.max(x, y)))
      }),
    )
  })
})

describe('mamba3Decay', () => {
  test('is minus the activation, and never above minus the floor', () => {
    // The floor is a bound on A after negation: A ≤ −floor.
    expect([...mamba3Decay(Float32Array.from([0, 3, -1, -1e6]), 1e-4)]).toEqual([-1, -4, -0.5, -1e-4])
  })
  test('does not change its input', () => {
    const ddA = Float32Array.from([1, 2])
    mamba3Decay(ddA, 1e-4)
    expect([...ddA]).toEqual([1, 2])
  })
})
