import { expect, test } from 'vitest'
import { segmentDecay } from './segment-decay.ts'

test('is exp of the sum of the segment after s up to t, and 0 above the diagonal', () => {
  const l = Float64Array.from([-0.5, -0.25, -1, -0.125])
  const decay = new Float64Array(16).fill(Number.NaN)
  segmentDecay(l, 4, decay)
  for (let t = 0; t < 4; t++) {
    for (let s = 0; s < 4; s++) {
      const want = s > t ? 0 : Math.exp(l.slice(s + 1, t + 1).reduce((sum, value) => sum + value, 0))
      expect(decay[t * 4 + s]).toBe(want)
    }
  }
})

test('keeps the digits of short segments behind a long decay', () => {
  // A difference of cumulative sums would leave 1e-9 − (1e8 + 1e-9) + 1e8 = 0 and a decay of exactly 1.
  const decay = new Float64Array(9)
  segmentDecay(Float64Array.from([-1e8, -1e8, -1e-9]), 3, decay)
  expect(decay[2 * 3 + 1]).toBe(Math.exp(-1e-9))
  expect(decay[2 * 3]).toBe(0)
})

test('uses the first elements of buffers that are larger than the chunk', () => {
  const decay = new Float64Array(16).fill(7)
  segmentDecay(Float64Array.from([-1, -2, -3, -4]), 2, decay)
  expect([...decay.subarray(0, 5)]).toEqual([1, 0, Math.exp(-2), 1, 7])
})
