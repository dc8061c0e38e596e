import { describe, expect, test } from 'vitest'
import { byteLength, type DType, dtypeLayout, elementCount, isDType, typedArrayOf } from './dtype.ts'
import { DTypeError, ShapeError } from './errors.ts'

const dtypes: readonly DType[] = ['f32', 'f16', 'bf16', 'i32', 'u32', 'u8', 'i8', 'q8_0']

test('names of dtypes are told from other strings', () => {
  expect(dtypes.every(isDType)).toBe(true)
  expect(['f64', 'F32', '', 'constructor', '__proto__'].some(isDType)).toBe(false)
})

test('elementCount multiplies sizes, and is 1 for a scalar', () => {
  expect(elementCount([2, 3, 5])).toBe(30)
  expect(elementCount([2, 0, 5])).toBe(0)
  expect(elementCount([])).toBe(1)
})

describe('byteLength', () => {
  test('counts bytes of elements, and of blocks where there are blocks', () => {
    expect(dtypes.map((dtype) => byteLength(dtype, [3, 64]))).toEqual([
      768, 384, 384, 768, 768, 192, 192, 204,
    ])
    expect(byteLength('f32', [])).toBe(4)
    expect(byteLength('q8_0', [0, 32])).toBe(0)
  })

  test('refuses to cut a block, naming dtype and shape', () => {
    expect(() => byteLength('q8_0', [32, 33])).toThrow(
      new DTypeError('q8_0 stores blocks of 32 elements; the last axis of [32, 33] is not a multiple'),
    )
  })

  test.each([[[-1]], [[2, 1.5]], [[Number.NaN]], [[Infinity]], [[2 ** 53]]])(
    'refuses the shape [%s]',
    (shape) => {
      expect(() => byteLength('f32', shape)).toThrow(
        new ShapeError(`the shape [${shape.join(', ')}] is not one; expected whole numbers, 0 or more`),
      )
    },
  )
})

describe('typedArrayOf', () => {
  test('gives each dtype its kind of array, of all bytes', () => {
    const kinds = dtypes.map((dtype) => {
      const bytes = new Uint8Array(4 * dtypeLayout(dtype).bytes)
      const array = typedArrayOf(dtype, bytes)
      expect(array.byteLength).toBe(bytes.byteLength)
      return array.constructor.name
    })
    expect(kinds).toEqual([
      'Float32Array',
      'Uint16Array',
      'Uint16Array',
      'Int32Array',
      'Uint32Array',
      'Uint8Array',
      'Int8Array',
      'Uint8Array',
    ])
  })

  test('shares the memory of aligned bytes', () => {
    const bytes = new Uint8Array(12)
    const array = typedArrayOf('f32', bytes.subarray(4))
    array[0] = 1
    expect(Array.from(bytes)).toEqual([0, 0, 0, 0, 0, 0, 0x80, 0x3f, 0, 0, 0, 0])
  })

  test('copies bytes that are not aligned, of a Node Buffer too', () => {
    const bytes = Uint8Array.of(9, 0, 0, 0x80, 0x3f)
    for (const unaligned of [bytes.subarray(1), Buffer.from(bytes.buffer, 1)]) {
      const array = typedArrayOf('f32', unaligned)
      expect(array).toEqual(Float32Array.of(1))
      array[0] = 2
      expect(Array.from(bytes)).toEqual([9, 0, 0, 0x80, 0x3f])
    }
  })
})
