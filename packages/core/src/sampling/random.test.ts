import { describe, expect, test } from 'vitest'
import { philox4x32, uniform } from './random.ts'

/** χ² of counts against equal expectation; for many bins about normal with mean bins − 1, variance 2 (bins − 1). */
function standardisedChiSquare(counts: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0)
  const expected = total / counts.length
  const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
  const freedom = counts.length - 1
  return (chiSquare - freedom) / Math.sqrt(2 * freedom)
}

describe('philox4x32', () => {
  // The known answers published with the authors' Random123 library.
  test.each([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ] as const)('gives the published answer for counter %j and key %j', (counter, key, words) => {
    expect(philox4x32(counter, key)).toEqual(words)
  })
})

describe('uniform', () => {
  test('is in [0, 1) and exact in float32', () => {
    for (let position = 0; position < 10_000; position++) {
      const number = uniform(3, position)
      expect(number >= 0 && number < 1 && number === Math.fround(number)).toBe(true)
    }
  })

  test('depends on seed, position and sequence alone, with all their bits', () => {
    const places = [
      [0, 0, 0],
      [1, 0, 0],
      [2 ** 32, 0, 0],
      [2 ** 53 - 1, 0, 0],
      [0, 1, 0],
      [0, 2 ** 32, 0],
      [0, 0, 1],
    ] as const
    const numbers = places.map(([seed, position, sequence]) => uniform(seed, position, sequence))
    expect(new Set(numbers).size).toBe(places.length)
    expect(places.map(([seed, position, sequence]) => uniform(seed, position, sequence))).toEqual(numbers)
  })

  test('is uniform over positions, and over seeds', () => {
    const overPositions = new Array<number>(256).fill(0)
    const overSeeds = new Array<number>(256).fill(0)
    for (let i = 0; i < 100_000; i++) {
      overPositions[Math.floor(uniform(42, i) * 256)]! += 1
      overSeeds[Math.floor(uniform(i, 42) * 256)]! += 1
    }
    expect(Math.abs(standardisedChiSquare(overPositions))).toBeLessThan(4)
    expect(Math.abs(standardisedChiSquare(overSeeds))).toBeLessThan(4)
  })

  test('is independent from one position to the next, and from one seed to the next', () => {
    const overPositions = new Array<number>(256).fill(0)
    const overSeeds = new Array<number>(256).fill(0)
    const bin = (first: number, second: number) => Math.floor(first * 16) * 16 + Math.floor(second * 16)
    for (let i = 0; i < 100_000; i++) {
      overPositions[bin(uniform(7, i), uniform(7, i + 1))]! += 1
      overSeeds[bin(uniform(i, 7), uniform(i + 1, 7))]! += 1
    }
    expect(Math.abs(standardisedChiSquare(overPositions))).toBeLessThan(4)
    expect(Math.abs(standardisedChiSquare(overSeeds))).toBeLessThan(4)
  })
})
