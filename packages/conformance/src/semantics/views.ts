import { type DType, fromFloat32, type TypedArray } from '@mamba/core'
import { describe, expect, test } from 'vitest'
import { expectRefused } from '../refused.ts'
import type { Suite } from '../suite.ts'

/** 0 to 11 as 3 rows of 4. */
const rows: readonly [DType, TypedArray][] = [
  ['f32', new Float32Array(12)],
  ['f16', new Uint16Array(12)],
  ['bf16', new Uint16Array(12)],
  ['i32', new Int32Array(12)],
  ['u32', new Uint32Array(12)],
  ['u8', new Uint8Array(12)],
  ['i8', new Int8Array(12)],
]

export function describeViews(suite: Suite): void {
  const table = () => {
    const data = Float32Array.from({ length: 12 }, (_, i) => i)
    return suite.backend().tensor(data, [3, 4], 'f32')
  }

  describe('views of columns', () => {
    test.each(rows)('are read densely, %s', async (dtype, zeros) => {
      const tensor = suite.backend().tensor(
        zeros.map((_, i) => i),
        [3, 4],
        dtype,
      )
      const view = tensor.columns(1, 3)
      expect(view.shape).toEqual([3, 2])
      expect(Array.from(await view.read())).toEqual([1, 2, 5, 6, 9, 10])
    })

    test('can be taken of views, of all columns, and of none', async () => {
      const view = table().columns(1, 4)
      expect(Array.from(await view.columns(1, 3).read())).toEqual([2, 3, 6, 7, 10, 11])
      expect(Array.from(await view.columns(0, 3).read())).toEqual([1, 2, 3, 5, 6, 7, 9, 10, 11])
      expect(Array.from(await view.columns(2, 2).read())).toEqual([])
    })

    test('share the memory of their base: what is written to it shows in them', async () => {
      const base = table()
      const view = base.columns(3, 4)
      suite.backend().write(base, new Float32Array(12).fill(8))
      expect(Array.from(await view.read())).toEqual([8, 8, 8])
    })

    test('do not free their base', async () => {
      const base = table()
      base.columns(0, 2).destroy()
      suite.backend().ops.release(base.columns(2, 4))
      expect(await base.read()).toHaveLength(12)
    })

    test('are refused by write and copy', async () => {
      const backend = suite.backend()
      const view = table().columns(0, 2)
      const dense = backend.zeros([3, 2])
      await expectRefused('ShapeError', 'write: ', () => backend.write(view, new Float32Array(6)))
      await expectRefused('ShapeError', 'copy: ', () => backend.copy(view, dense))
      await expectRefused('ShapeError', 'copy: ', () => backend.copy(dense, view))
    })

    test('of q8_0 cannot be read, but their base can', async () => {
      const data = fromFloat32('q8_0', new Float32Array(128).fill(3))
      const base = suite.backend().tensor(data.slice(), [2, 64], 'q8_0')
      await expectRefused('DTypeError', 'read: ', () => base.columns(32, 64).read())
      expect(await base.read()).toEqual(data)
    })
  })
}
