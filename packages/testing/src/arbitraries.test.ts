import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lengths, mamba3Dims, seeds, splitLength, ssdDims, stepSizes } from './arbitraries.ts'
import { seededRandom } from './random.ts'

test('splitLength cuts into pieces that add up', () => {
  fc.assert(
    fc.property(lengths, seeds, (length, seed) => {
      expect(splitLength(length, seed).reduce((sum, piece) => sum + piece, 0)).toBe(length)
    }),
  )
})

describe('sizes', () => {
  test('nGroups divides nHeads', () => {
    fc.assert(fc.property(fc.oneof(ssdDims, mamba3Dims), ({ nHeads, nGroups }) => nHeads % nGroups === 0))
  })
  test('of Mamba-3 have an even dState and no more angles than pairs', () => {
    fc.assert(fc.property(mamba3Dims, ({ dState, nAngles }) => dState % 2 === 0 && nAngles <= dState / 2))
  })
})

test('stepSizes draws slow, usual and large steps', () => {
  const random = seededRandom(1)
  const largest = Array.from({ length: 50 }, () => Math.max(...stepSizes(20, random)))
  expect(largest.some((step) => step < 2e-3)).toBe(true)
  expect(largest.some((step) => step > 0.1 && step < 1)).toBe(true)
  expect(largest.some((step) => step > 10)).toBe(true)
})
