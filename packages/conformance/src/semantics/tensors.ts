import { type DType, fromFloat32, type TypedArray } from '@mamba/core'
import { describe, expect, test } from 'vitest'
import { expectRefused } from '../refused.ts'
import type { Suite } from '../suite.ts'

const ramp = Float32Array.from({ length: 64 }, (_, i) => i - 13)

/** Elements of every dtype; odd counts of small ones, as devices copy multiples of 4 bytes. */
const samples: readonly [DType, readonly number[], TypedArray][] = [
  ['f32', [2, 3], Float32Array.of(1, -2.5, 3e-30, Number.POSITIVE_INFINITY, 0, 7)],
  ['f16', [5], Uint16Array.of(0, 0x3c00, 0xc000, 0x7bff, 1)],
  ['bf16', [1, 3], Uint16Array.of(0x3f80, 0xbf80, 0x7f7f)],
  ['i32', [3], Int32Array.of(0, -1, 2 ** 31 - 1)],
  ['u32', [3], Uint32Array.of(0, 1, 2 ** 32 - 1)],
  ['u8', [7], Uint8Array.of(0, 1, 2, 3, 127, 128, 255)],
  ['i8', [5], Int8Array.of(0, 1, -1, 127, -128)],
  ['q8_0', [1, 64], fromFloat32('q8_0', ramp)],
  ['q4_0', [2, 32], fromFloat32('q4_0', ramp)],
]

export function describeTensors(suite: Suite): void {
  const f32 = (values: readonly number[], shape: readonly number[]) =>
    suite.backend().tensor(Float32Array.from(values), shape, 'f32')

  describe('tensors', () => {
    test('belong to a backend that says what it is', () => {
      const { name, info } = suite.backend()
      expect(name).toMatch(/^[a-z0-9]+$/)
      expect(info.device).not.toBe('')
      expect(info.notes).toBeInstanceOf(Array)
    })

    test.each(samples)('%s elements come back as they are stored', async (dtype, shape, data) => {
      const tensor = suite.backend().tensor(data.slice(), shape, dtype)
      expect({ shape: tensor.shape, dtype: tensor.dtype, isDense: tensor.isDense }).toEqual({
        shape,
        dtype,
        isDense: true,
      })
      expect(tensor.backend).toBe(suite.backend())
      expect(await tensor.read()).toEqual(data)
      tensor.destroy()
    })

    test.each(samples)('zeros are zero, %s', async (dtype, shape, data) => {
      const tensor = suite.backend().zeros(shape, dtype)
      expect(tensor.dtype).toBe(dtype)
      expect(await tensor.read()).toEqual(data.map(() => 0))
      tensor.destroy()
    })

    test.each(samples)('write replaces %s elements', async (dtype, shape, data) => {
      const tensor = suite.backend().zeros(shape, dtype)
      suite.backend().write(tensor, data)
      expect(await tensor.read()).toEqual(data)
      tensor.destroy()
    })

    test('arrays may be parts of larger buffers', async () => {
      const backend = suite.backend()
      const part = Float32Array.of(9, 1, 2, 9).subarray(1, 3)
      const tensor = backend.tensor(part, [2], 'f32')
      expect(await tensor.read()).toEqual(Float32Array.of(1, 2))
      backend.write(tensor, Float32Array.of(9, 9, 3, 4, 9).subarray(2, 4))
      expect(await tensor.read()).toEqual(Float32Array.of(3, 4))
    })

    test('zeros are f32 unless told otherwise', () => {
      expect(suite.backend().zeros([2]).dtype).toBe('f32')
    })

    test('scalars and empty tensors are tensors', async () => {
      const scalar = f32([5], [])
      expect(await scalar.read()).toEqual(Float32Array.of(5))
      const empty = f32([], [2, 0, 3])
      expect(await empty.read()).toEqual(new Float32Array(0))
      expect(await suite.backend().zeros([0], 'u8').read()).toEqual(new Uint8Array(0))
    })

    test('read gives a copy: neither side sees later writes of the other', async () => {
      const tensor = f32([1, 2], [2])
      const before = await tensor.read()
      suite.backend().write(tensor, Float32Array.of(3, 4))
      expect(before).toEqual(Float32Array.of(1, 2))
      before[0] = 9
      expect(await tensor.read()).toEqual(Float32Array.of(3, 4))
    })

    test('read gives what the tensor held when it was called, whatever happens before it is ready', async () => {
      const tensor = f32([1, 2], [2])
      const pending = tensor.read()
      suite.backend().write(tensor, Float32Array.of(3, 4))
      expect(await pending).toEqual(Float32Array.of(1, 2))
      const last = tensor.read()
      tensor.destroy()
      expect(await last).toEqual(Float32Array.of(3, 4))
    })

    test('ops see what their inputs held when they were called', async () => {
      const tensor = f32([1, 2], [2])
      const doubled = suite.backend().ops.scale(tensor, 2)
      suite.backend().write(tensor, Float32Array.of(3, 4))
      expect(await doubled.read()).toEqual(Float32Array.of(2, 4))
    })

    test('write copies: changing the array afterwards does not change the tensor', async () => {
      const tensor = f32([1, 2], [2])
      const data = Float32Array.of(3, 4)
      suite.backend().write(tensor, data)
      data.fill(0)
      expect(await tensor.read()).toEqual(Float32Array.of(3, 4))
    })

    test('copy takes the elements over, and the tensors stay apart', async () => {
      const from = f32([1, 2], [2])
      const to = suite.backend().zeros([2])
      suite.backend().copy(from, to)
      suite.backend().write(from, Float32Array.of(3, 4))
      expect(await to.read()).toEqual(Float32Array.of(1, 2))
      expect(await from.read()).toEqual(Float32Array.of(3, 4))
    })

    test('data of the wrong size or kind is refused with a ShapeError that says what is needed', async () => {
      const backend = suite.backend()
      const tensor = backend.zeros([2, 3])
      await expectRefused('ShapeError', 'tensor: data', () =>
        backend.tensor(new Float32Array(5), [2, 3], 'f32'),
      )
      await expectRefused('ShapeError', 'tensor: data', () =>
        backend.tensor(new Int32Array(6), [2, 3], 'f32'),
      )
      await expectRefused('ShapeError', 'tensor: data', () => backend.tensor(new Uint16Array(2), [1], 'f16'))
      await expectRefused('ShapeError', 'write: data', () => backend.write(tensor, new Float32Array(7)))
      await expectRefused('ShapeError', 'write: data', () => backend.write(tensor, new Uint32Array(6)))
      await expectRefused('DTypeError', 'q8_0', () => backend.zeros([2, 33], 'q8_0'))
    })

    test.each([[[-1, -6]], [[1.5, 4]], [[Number.NaN]]])(
      'the shape [%s] is refused with a ShapeError',
      async (shape) => {
        await expectRefused('ShapeError', 'whole', () =>
          suite.backend().tensor(new Float32Array(6), shape, 'f32'),
        )
        await expectRefused('ShapeError', 'whole', () => suite.backend().zeros(shape))
      },
    )

    test('copy refuses tensors of another shape or dtype', async () => {
      const backend = suite.backend()
      const from = backend.zeros([2, 3])
      for (const to of [backend.zeros([3, 2]), backend.zeros([2, 3], 'i32'), backend.zeros([6])]) {
        await expectRefused('ShapeError', 'copy: ', () => backend.copy(from, to))
      }
    })
  })
}
