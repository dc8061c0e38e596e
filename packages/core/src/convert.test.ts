import { describe, expect, test } from 'vitest'
import { expand, fromFloat32, toFloat32 } from './convert.ts'
import { DTypeError } from './errors.ts'

describe('other dtypes', () => {
  test('integers expand to their values', () => {
    const out = new Float32Array(2)
    expand('i8', Int8Array.of(1, -128, 127), 1, out)
    expect(out).toEqual(Float32Array.of(-128, 127))
    expect(toFloat32('u32', Uint32Array.of(2 ** 31), 1)).toEqual(Float32Array.of(2 ** 31))
  })

  test('f32 is copied by fromFloat32', () => {
    const values = Float32Array.of(1, 2)
    const copy = fromFloat32('f32', values)
    expect(copy).toEqual(values)
    expect(copy).not.toBe(values)
  })

  test('fromFloat32 does not round to integers', () => {
    expect(() => fromFloat32('i32', new Float32Array(1))).toThrow(
      new DTypeError('fromFloat32: i32 does not store real numbers; expected f32, f16, bf16, q8_0, q4_0'),
    )
  })
})
