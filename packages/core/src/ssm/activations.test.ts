import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { gelu, relu2, sigmoid, silu, softplus } from './activations.ts'

const anyNumber = fc.double({ min: -1e3, max: 1e3, noNaN: true })

describe('sigmoid', () => {
  test('is symmetric: σ(x) + σ(−x) = 1', () => {
    fc.assert(
      fc.property(anyNumber, (x) => {
        expect(sigmoid(x) + sigmoid(-x)).toBeCloseTo(1, 14)
      }),
    )
  })
  test('stays finite where eˣ overflows', () => {
    expect(sigmoid(-1e4)).toBe(0)
    expect(sigmoid(1e4)).toBe(1)
  })
})

describe('silu', () => {
  test('is x σ(x)', () => {
    fc.assert(
      fc.property(anyNumber, (x) => {
        expect(silu(x)).toBeCloseTo(x * sigmoid(x), 12)
      }),
    )
  })
  test('stays finite where eˣ overflows', () => {
    expect(silu(-1e4)).toBe(-0)
    expect(silu(1e4)).toBe(1e4)
  })
})

describe('softplus', () => {
  test('is log(1 + eˣ) up to 20', () => {
    expect(softplus(0)).toBe(Math.LN2)
    expect(softplus(20)).toBeCloseTo(20 + 2.061153620314381e-9, 14)
  })
  test('is exactly x above 20', () => {
    expect(softplus(20.000001)).toBe(20.000001)
    expect(softplus(1e4)).toBe(1e4)
  })
  test('keeps its digits far below zero, where it is eˣ', () => {
    expect(softplus(-40) / Math.exp(-40)).toBeCloseTo(1, 15)
  })
})

describe('relu2', () => {
  test('squares what is positive and drops the rest', () => {
    expect([relu2(3), relu2(0), relu2(-3)]).toEqual([9, 0, 0])
  })
})

describe('gelu', () => {
  // x and x Φ(x), rounded to float64, computed by mpmath 1.3.0 with 50 digits.
  test.each([
    [-37.5, -1.7270073785932332e-306],
    [-10, -7.619853024160526e-23],
    [-5.25, -3.992604271156575e-7],
    [-3.5, -0.0008142017766243376],
    [-3, -0.0040496940948902835],
    [-2.9375, -0.004859655649920803],
    [-1, -0.15865525393145705],
    [-0.125, -0.056282721896235885],
    [0.0009765625, 0.0004886617109460747],
    [0.5, 0.34573123063700656],
    [1, 0.8413447460685429],
    [2.75, 2.7418056511036],
    [3, 2.99595030590511],
    [3.0625, 3.0591389602190966],
    [6, 5.999999994080474],
    [12, 12.0],
  ])('gelu(%d) = %d', (x, want) => {
    const error = Math.abs(gelu(x) - want)
    expect(error).toBeLessThanOrEqual(1e-15 * (1 + Math.abs(x)))
    if (x <= -3) {
      expect(error, 'relative, in the tail').toBeLessThanOrEqual(1e-14 * Math.abs(want))
    }
  })
  test('is continuous where its two formulas meet', () => {
    for (const x of [3, -3]) {
      expect(gelu(x + 1e-9) - gelu(x - 1e-9)).toBeCloseTo(0, 8)
    }
  })
  test('gelu(x) − gelu(−x) = x', () => {
    fc.assert(
      fc.property(anyNumber, (x) => {
        expect(gelu(x) - gelu(-x)).toBeCloseTo(x, 12)
      }),
    )
  })
})
