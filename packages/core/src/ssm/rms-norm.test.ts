import { abs, expectSame, expectWithin, fill, seededRandom, seeds, TOLERANCE } from '@mamba/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { silu } from './activations.ts'
import { rmsNorm } from './rms-norm.ts'

const sizes = fc.record({
  rows: fc.integer({ min: 0, max: 5 }),
  groups: fc.integer({ min: 1, max: 4 }),
  groupSize: fc.integer({ min: 1, max: 9 }),
})

function normInputs(rows: number, size: number, seed: number) {
  const random = seededRandom(seed)
  const scale = random.logUniform(1e-3, 1e3)
  return {
    x: fill(rows * size, () => scale * random.normal()),
    weight: fill(size, random.normal),
    gate: fill(rows * size, random.normal),
  }
}

/** rms of one group at a time, written out: x divided by the root of the mean square of its group. */
function groupedRms(x: Float64Array, groupSize: number, eps: number): Float64Array {
  return x.map((value, i) => {
    const start = i - (i % groupSize)
    const meanSquare = x.slice(start, start + groupSize).reduce((sum, v) => sum + (v * v) / groupSize, 0)
    return value / Math.sqrt(meanSquare + eps)
  })
}

describe('rmsNorm', () => {
  test('without gate is x / √(mean(x²) + eps) by groups, times the weight', () => {
    fc.assert(
      fc.property(sizes, seeds, ({ rows, groups, groupSize }, seed) => {
        const size = groups * groupSize
        const { x, weight } = normInputs(rows, size, seed)
        const want = groupedRms(Float64Array.from(x), groupSize, 1e-5).map((v, i) => v * weight[i % size]!)
        const got = rmsNorm(x, weight, { rows, size, eps: 1e-5, groupSize })
        expectWithin(got, want, abs(want), TOLERANCE.rmsNorm)
      }),
    )
  })

  test('with the gate before is rms(x ⊙ silu(z)) ⊙ w, which is the default', () => {
    fc.assert(
      fc.property(sizes, seeds, ({ rows, groups, groupSize }, seed) => {
        const size = groups * groupSize
        const { x, weight, gate } = normInputs(rows, size, seed)
        const gated = Float64Array.from(x, (value, i) => value * silu(gate[i]!))
        const want = groupedRms(gated, groupSize, 1e-6).map((v, i) => v * weight[i % size]!)
        const options = { rows, size, eps: 1e-6, groupSize, gate }
        expectWithin(rmsNorm(x, weight, options), want, abs(want), TOLERANCE.rmsNorm)
        expectSame(rmsNorm(x, weight, { ...options, gateOrder: 'before' }), rmsNorm(x, weight, options))
      }),
    )
  })

  test('with the gate after is rms(x) ⊙ w ⊙ silu(z)', () => {
    fc.assert(
      fc.property(sizes, seeds, ({ rows, groups, groupSize }, seed) => {
        const size = groups * groupSize
        const { x, weight, gate } = normInputs(rows, size, seed)
        const normed = groupedRms(Float64Array.from(x), groupSize, 1e-5)
        const want = normed.map((v, i) => v * weight[i % size]! * silu(gate[i]!))
        const got = rmsNorm(x, weight, { rows, size, eps: 1e-5, groupSize, gate, gateOrder: 'after' })
        expectWithin(got, want, abs(want), TOLERANCE.rmsNorm)
      }),
    )
  })

  test('without groupSize normalises the whole vector, without weight multiplies by 1', () => {
    const { x } = normInputs(3, 8, 1)
    const options = { rows: 3, size: 8, eps: 1e-5 }
    const ones = new Float32Array(8).fill(1)
    expectSame(rmsNorm(x, undefined, options), rmsNorm(x, ones, { ...options, groupSize: 8 }))
  })
  test('gives a vector of root mean square 1, whatever its length', () => {
    for (const factor of [1e-3, 1, 1e6]) {
      const y = rmsNorm(Float64Array.from([3 * factor, -4 * factor]), undefined, { rows: 1, size: 2, eps: 0 })
      expect(y[0]! ** 2 + y[1]! ** 2).toBeCloseTo(2, 14)
    }
  })
  test('leaves zeros at zero', () => {
    expectSame(rmsNorm(new Float32Array(4), undefined, { rows: 1, size: 4, eps: 1e-5 }), new Float64Array(4))
  })
  test('does not change its inputs', () => {
    const { x, weight, gate } = normInputs(2, 4, 1)
    rmsNorm(x, weight, { rows: 2, size: 4, eps: 1e-5, gate })
    expect({ x, weight, gate }).toEqual(normInputs(2, 4, 1))
  })
  test('refuses inputs that do not fit and groups that do not divide the vector', () => {
    const { x, weight, gate } = normInputs(2, 4, 1)
    const options = { rows: 2, size: 4, eps: 1e-5 }
    const short = new Float32Array(3)
    expect(() => rmsNorm(short, weight, options)).toThrow(
      'rmsNorm: x has 3 elements; expected [2, 4] (rows, size)',
    )
    expect(() => rmsNorm(x, short, options)).toThrow('rmsNorm: weight has 3 elements')
    expect(() => rmsNorm(x, weight, { ...options, gate: short })).toThrow('rmsNorm: gate has 3 elements')
    expect(() => rmsNorm(x, weight, { ...options, gate, groupSize: 3 })).toThrow(
      'rmsNorm: groupSize is 3; expected a divisor of size, 4',
    )
  })
})
