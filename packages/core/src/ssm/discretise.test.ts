import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sigmoid, softplus } from './activations.ts'
import {
  backwardEuler,
  bilinear,
  euler,
  exponentialTrapezoidal,
  mambaRule,
  zeroOrderHold,
} from './discretise.ts'

const a = -1.3
const b = 0.7
const duration = 2

/** Number of digits gained per halving of the step: log₂ of the ratio of the errors at two step sizes. */
function convergenceOrder(errorWithSteps: (steps: number) => number): number {
  return Math.log2(Math.abs(errorWithSteps(256) / errorWithSteps(512)))
}

describe('an input that is constant over each step', () => {
  // h′ = a h + b from h(0) = 0 has h(t) = (e^{at} − 1) b / a.
  const exact = ((Math.exp(a * duration) - 1) * b) / a

  function error(rule: typeof euler, steps: number): number {
    const { aBar, bBar } = rule(a, b, duration / steps)
    let h = 0
    for (let t = 0; t < steps; t++) {
      h = aBar * h + bBar
    }
    return h - exact
  }

  test.each([
    ['euler', 1, euler],
    ['backwardEuler', 1, backwardEuler],
    ['mamba', 1, mambaRule],
    ['bilinear', 2, bilinear],
  ] as const)('%s converges to the exact solution with order %d', (_, order, rule) => {
    expect(convergenceOrder((steps) => error(rule, steps))).toBeCloseTo(order, 1)
  })

  test('zeroOrderHold is exact with any step', () => {
    for (const steps of [1, 2, 7, 100]) {
      expect(error(zeroOrderHold, steps)).toBeCloseTo(0, 14)
    }
  })
})

describe('a smooth input that is sampled at the end of each step', () => {
  // h′ = a h + b cos t from h(0) = 0 has h(t) = b (sin t − a cos t + a e^{at}) / (1 + a²).
  const exact = (b * (Math.sin(duration) - a * Math.cos(duration) + a * Math.exp(a * duration))) / (1 + a * a)

  function error(steps: number, lambda: number): number {
    const delta = duration / steps
    const { alpha, beta, gamma } = exponentialTrapezoidal(a, delta, lambda)
    let h = 0
    for (let t = 1; t <= steps; t++) {
      h = alpha * h + beta * b * Math.cos((t - 1) * delta) + gamma * b * Math.cos(t * delta)
    }
    return h - exact
  }

  test('exponentialTrapezoidal has order 2 with λ = ½', () => {
    expect(convergenceOrder((steps) => error(steps, 0.5))).toBeCloseTo(2, 1)
  })
  test.each([0, 0.25, 0.75, 1])('exponentialTrapezoidal has order 1 with λ = %d', (lambda) => {
    expect(convergenceOrder((steps) => error(steps, lambda))).toBeCloseTo(1, 1)
  })
})

describe('relations between the rules', () => {
  const decay = fc.double({ min: -50, max: -1e-6, noNaN: true })
  const step = fc.double({ min: 1e-4, max: 10, noNaN: true })

  test.each([
    ['euler', euler, (before: number, _after: number) => before],
    ['backwardEuler', backwardEuler, (_before: number, after: number) => after],
    ['bilinear', bilinear, (before: number, after: number) => (before + after) / 2],
  ] as const)('%s takes the slope at its own point of the step', (_, rule, pointOf) => {
    fc.assert(
      fc.property(decay, step, (a, delta) => {
        const { aBar, bBar } = rule(a, b, delta)
        const [before, x] = [2, 3]
        const after = aBar * before + bBar * x
        const slope = a * pointOf(before, after) + b * x
        const magnitude =
          before + Math.abs(after) + delta * (Math.abs(a * after) + Math.abs(a * before) + b * x)
        expect(Math.abs(after - before - delta * slope)).toBeLessThan(1e-14 * magnitude)
      }),
    )
  })

  test('exponentialTrapezoidal with λ = 1 is the rule of Mamba', () => {
    fc.assert(
      fc.property(decay, step, (a, delta) => {
        const { aBar, bBar } = mambaRule(a, 1, delta)
        expect(exponentialTrapezoidal(a, delta, 1)).toEqual({ alpha: aBar, beta: 0, gamma: bBar })
      }),
    )
  })
  test('the implicit rules are stable for every a < 0 and every step', () => {
    fc.assert(
      fc.property(decay, step, (a, delta) => {
        for (const rule of [backwardEuler, bilinear, zeroOrderHold, mambaRule]) {
          expect(Math.abs(rule(a, 1, delta).aBar)).toBeLessThan(1)
        }
      }),
    )
  })
  test('zeroOrderHold at a = 0 is the limit for small a, with all its digits', () => {
    expect(zeroOrderHold(0, 3, 0.1)).toEqual({ aBar: 1, bBar: 0.1 * 3 })
    expect(zeroOrderHold(-1e-13, 3, 0.1).bBar).toBeCloseTo(0.1 * 3, 13)
  })
  test('zeroOrderHold with a = −1, b = 1, Δ = softplus(z) is a gate: h ← (1 − σ(z)) h + σ(z) x', () => {
    fc.assert(
      fc.property(fc.double({ min: -30, max: 20, noNaN: true }), (z) => {
        const { aBar, bBar } = zeroOrderHold(-1, 1, softplus(z))
        expect(aBar).toBeCloseTo(1 - sigmoid(z), 14)
        expect(bBar).toBeCloseTo(sigmoid(z), 14)
      }),
    )
  })
})
