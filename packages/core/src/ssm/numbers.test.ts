import { describe, expect, test } from 'vitest'
import { MambaError } from '../errors.ts'
import { copyOrZeros, expectChunkSize, expectDivides, expectShape } from './numbers.ts'

/** The error that `act` throws. */
function thrownBy(act: () => void): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  return undefined
}

describe('expectShape', () => {
  test('accepts an array of as many elements as the shape, empty ones too', () => {
    expectShape('op', 'x', new Float32Array(6), { rows: 2, size: 3 })
    expectShape('op', 'x', new Float32Array(0), { rows: 0, size: 3 })
  })
  test('throws a ShapeError that names operation, argument, count and shape', () => {
    const error = thrownBy(() => expectShape('op', 'x', new Float32Array(5), { rows: 2, size: 3 }))
    expect(MambaError.is(error, 'ShapeError')).toBe(true)
    expect(error).toHaveProperty('message', 'op: x has 5 elements; expected [2, 3] (rows, size)')
  })
  test.each([-1, 1.5, Number.NaN, Infinity])('refuses the size %d', (size) => {
    expect(() => expectShape('op', 'x', new Float32Array(1), { size })).toThrow(
      `op: size is ${size}; expected a whole number, 0 or more`,
    )
  })
})

test('expectDivides throws a ShapeError unless the first size divides the second', () => {
  expectDivides('op', { nGroups: 2, nHeads: 4 })
  for (const nGroups of [3, 0, -2]) {
    expect(
      MambaError.is(
        thrownBy(() => expectDivides('op', { nGroups, nHeads: 4 })),
        'ShapeError',
      ),
    ).toBe(true)
  }
})

test('expectChunkSize throws a ConfigError', () => {
  expectChunkSize('op', 1)
  expect(
    MambaError.is(
      thrownBy(() => expectChunkSize('op', 0)),
      'ConfigError',
    ),
  ).toBe(true)
})

test('copyOrZeros copies, so that the result can be written to', () => {
  const values = Float32Array.from([1, 2])
  const copy = copyOrZeros(values, 2)
  copy[0] = 9
  expect([...values]).toEqual([1, 2])
  expect([...copyOrZeros(undefined, 2)]).toEqual([0, 0])
})
