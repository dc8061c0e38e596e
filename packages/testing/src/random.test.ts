import { expect, test } from 'vitest'
import { seededRandom } from './random.ts'

function draw(count: number, next: () => number): number[] {
  return Array.from({ length: count }, next)
}

test('the same seed gives the same numbers, another seed gives others', () => {
  expect(draw(9, seededRandom(5).uniform)).toEqual(draw(9, seededRandom(5).uniform))
  expect(draw(9, seededRandom(5).uniform)).not.toEqual(draw(9, seededRandom(6).uniform))
})

test('uniform fills ten bins evenly', () => {
  const bins = new Array(10).fill(0)
  for (const value of draw(10_000, seededRandom(1).uniform)) {
    bins[Math.floor(10 * value)]++
  }
  for (const count of bins) {
    expect(Math.abs(count - 1000)).toBeLessThan(150)
  }
})

test('normal has mean 0 and variance 1', () => {
  const values = draw(10_000, seededRandom(2).normal)
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
  expect(mean).toBeCloseTo(0, 1)
  expect(variance).toBeCloseTo(1, 1)
})

test('logUniform and integer stay in their ranges and reach both halves', () => {
  const random = seededRandom(3)
  const small = draw(1000, () => random.logUniform(1e-3, 1e-1))
  expect(Math.min(...small)).toBeGreaterThanOrEqual(1e-3)
  expect(Math.max(...small)).toBeLessThan(1e-1)
  expect(small.filter((value) => value < 1e-2).length).toBeGreaterThan(400)
  expect(new Set(draw(100, () => random.integer(2, 4)))).toEqual(new Set([2, 3, 4]))
})
