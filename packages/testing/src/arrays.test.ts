import { describe, expect, test } from 'vitest'
import { abs, fill, joinAxis, sliceAxis } from './arrays.ts'

describe('sliceAxis', () => {
  // (2, 3, 2), element = 100 b + 10 t + c
  const array = Float32Array.from([0, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120, 121])

  test('takes a range of any axis', () => {
    expect([...sliceAxis(array, [2, 3, 2], 0, 1, 2)]).toEqual([100, 101, 110, 111, 120, 121])
    expect([...sliceAxis(array, [2, 3, 2], 1, 1, 3)]).toEqual([10, 11, 20, 21, 110, 111, 120, 121])
    expect([...sliceAxis(array, [2, 3, 2], 2, 1, 2)]).toEqual([1, 11, 21, 101, 111, 121])
  })
  test('takes an empty range', () => {
    expect(sliceAxis(array, [2, 3, 2], 1, 2, 2)).toEqual(new Float32Array(0))
  })
  test('copies and keeps the kind of array', () => {
    const copy = sliceAxis(array, [2, 3, 2], 0, 0, 2)
    copy[0] = 9
    expect(array[0]).toBe(0)
    expect(sliceAxis(Float64Array.from([1]), [1], 0, 0, 1)).toBeInstanceOf(Float64Array)
  })
  test('is undone by joinAxis, empty parts included', () => {
    for (const axis of [0, 1, 2]) {
      const size = [2, 3, 2][axis]!
      const parts = [
        [0, 0],
        [0, 1],
        [1, size],
      ].map(([start, end]) => sliceAxis(array, [2, 3, 2], axis, start!, end!))
      expect(joinAxis(parts, [2, 3, 2], axis)).toEqual(array)
    }
  })
})

test('abs keeps the kind of array and leaves its argument alone', () => {
  const array = Float32Array.from([-1, 2])
  expect(abs(array)).toEqual(Float32Array.from([1, 2]))
  expect(array[0]).toBe(-1)
})

test('fill rounds to float32', () => {
  expect([...fill(2, () => 0.1)]).toEqual([Math.fround(0.1), Math.fround(0.1)])
})
