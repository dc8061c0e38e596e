import { describe, expect, test, vi } from 'vitest'
import { cpu } from './cpu/backend.ts'
import { DTypeError, ShapeError } from './errors.ts'
import { Tensor } from './tensor.ts'

const backend = cpu()

test.each([
  [[2, 3, 5], 30, 6, 5],
  [[7], 7, 1, 7],
  [[], 1, 1, 1],
  [[4, 0], 0, 4, 0],
  [[0, 4], 0, 0, 4],
])('the shape [%s] has %i elements, %i rows and %i columns', (shape, size, rowCount, columnCount) => {
  const tensor = backend.zeros(shape)
  expect([tensor.size, tensor.rowCount, tensor.columnCount]).toEqual([size, rowCount, columnCount])
  expect(tensor.isDense).toBe(true)
})

describe('columns', () => {
  const tensor = backend.zeros([2, 3, 8])

  test('keeps all axes but the last, and the storage', () => {
    const view = tensor.columns(2, 5)
    expect(view).toMatchObject({ shape: [2, 3, 3], offset: 2, rowStride: 8, isDense: false, base: tensor })
    expect(view.storage).toBe(tensor.storage)
  })

  test('of a view counts from the view, and has the same base', () => {
    expect(tensor.columns(2, 7).columns(1, 4)).toMatchObject({
      shape: [2, 3, 3],
      offset: 3,
      rowStride: 8,
      base: tensor,
    })
  })

  test('may be all columns, or none', () => {
    expect(tensor.columns(0, 8)).toMatchObject({ shape: [2, 3, 8], isDense: true })
    expect(tensor.columns(8, 8)).toMatchObject({ shape: [2, 3, 0], size: 0 })
  })

  test.each([
    [-1, 2],
    [3, 2],
    [0, 9],
    [0.5, 2],
    [0, Number.NaN],
  ])('refuses the range %d..%d', (start, end) => {
    expect(() => tensor.columns(start, end)).toThrow(
      new ShapeError(`columns: range ${start}..${end} is not inside the last axis of [2, 3, 8]`),
    )
  })

  test('of q8_0 begin and end between blocks', () => {
    const blocks = backend.zeros([2, 96], 'q8_0')
    expect(blocks.columns(32, 64)).toMatchObject({ shape: [2, 32], offset: 32, rowStride: 96 })
    for (const [start, end] of [
      [0, 31],
      [1, 32],
    ] as const) {
      expect(() => blocks.columns(start, end)).toThrow(
        new DTypeError(
          `columns: range ${start}..${end} cuts a block; q8_0 views begin and end at multiples of 32`,
        ),
      )
    }
  })
})

test('destroy and using free a tensor; destroy on a view does not', () => {
  const tensor = backend.zeros([2, 2])
  tensor.columns(0, 1).destroy()
  expect(tensor.storage.destroyed).toBe(false)
  tensor.destroy()
  expect(tensor.storage.destroyed).toBe(true)
  const other = backend.zeros([1])
  {
    using scoped = other
    expect(scoped.storage.destroyed).toBe(false)
  }
  expect(other.storage.destroyed).toBe(true)
})

test('is recognised by another copy of this package, and other objects are not', async () => {
  vi.resetModules()
  const copy = await import('./tensor.ts')
  expect(copy.Tensor).not.toBe(Tensor)
  expect(copy.Tensor.is(backend.zeros([1]))).toBe(true)
  expect([{ shape: [1] }, null, undefined, 'tensor', []].some(Tensor.is)).toBe(false)
})
