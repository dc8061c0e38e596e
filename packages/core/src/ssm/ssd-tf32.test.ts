import { abs, chunkSizes, EPSILON, expectWithin, seeds, ssdDims, ssdInputs, worstError } from '@mamba/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ssd } from './ssd.ts'
import { ssdTf32 } from './ssd-tf32.ts'

/** Cutting 13 bits off changes a number by less than 2⁻¹⁰ of it; up to four of them are multiplied. */
const cutting = { epsilon: 2 ** -10, observed: 3, k: 4 }

function scaleOf(x: ReturnType<typeof ssdInputs>, dims: Parameters<typeof ssd>[1]) {
  return ssd({ ...x, x: abs(x.x), B: abs(x.B), C: abs(x.C), D: abs(x.D), h0: abs(x.h0) }, dims)
}

test('is as far from the exact recurrence as TF32 operands can make it, and no farther', () => {
  fc.assert(
    fc.property(ssdDims, seeds, chunkSizes, (dims, seed, chunkSize) => {
      const inputs = ssdInputs(dims, seed)
      const got = ssdTf32(inputs, dims, chunkSize)
      const want = ssd(inputs, dims)
      const scale = scaleOf(inputs, dims)
      expectWithin(got.y, want.y, scale.y, cutting)
    }),
  )
})

test('is exact where the operands have no more than 10 bits', () => {
  const dims = { batch: 1, length: 5, nHeads: 1, headDim: 2, nGroups: 1, dState: 3 }
  const integers = (count: number) => Float64Array.from({ length: count }, (_, i) => ((i * 5) % 7) - 3)
  const inputs = {
    x: integers(10),
    delta: new Float64Array(5).fill(1),
    // No decay, which would have more bits.
    A: new Float64Array(1),
    B: integers(15),
    C: integers(15),
    D: integers(1),
  }
  expect(ssdTf32(inputs, dims, 2)).toEqual(ssd(inputs, dims))
})

test('is not exact otherwise', () => {
  const dims = { batch: 1, length: 20, nHeads: 2, headDim: 4, nGroups: 1, dState: 8 }
  const inputs = ssdInputs(dims, 1)
  const error = worstError(ssdTf32(inputs, dims, 8).y, ssd(inputs, dims).y, scaleOf(inputs, dims).y)
  expect(error).toBeGreaterThan(EPSILON.f16 / 16)
})
