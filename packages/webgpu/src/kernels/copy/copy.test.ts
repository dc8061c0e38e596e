import { type DType, fromFloat32, type TypedArray } from '@mamba/core'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { WebGpuBackend } from '../../backend.ts'
import { limitedBackend } from '../../testing/limited.ts'
import { webgpu } from '../../webgpu.ts'

let backend: WebGpuBackend

beforeAll(async () => {
  backend = await webgpu({ software: true })
})
afterAll(() => backend.destroy())

const arrays: readonly [DType, (size: number) => TypedArray][] = [
  ['f32', (size) => new Float32Array(size)],
  ['bf16', (size) => new Uint16Array(size)],
  ['i8', (size) => new Int8Array(size)],
]

describe('copy', () => {
  test.each(arrays)('takes any columns of %s elements', async (dtype, zeros) => {
    const cases = fc.record({
      rows: fc.integer({ min: 0, max: 9 }),
      columns: fc.integer({ min: 1, max: 40 }),
      cuts: fc.tuple(fc.nat(), fc.nat()),
    })
    await fc.assert(
      fc.asyncProperty(cases, async ({ rows, columns, cuts }) => {
        const [start, end] = cuts.map((cut) => cut % (columns + 1)).sort((a, b) => a - b) as [number, number]
        const data = zeros(rows * columns).map((_, i) => i)
        const tensor = backend.tensor(data, [rows, columns], dtype)
        const want = Array.from({ length: rows }, (_, row) => [
          ...data.subarray(row * columns + start, row * columns + end),
        ])
        expect(Array.from(await tensor.columns(start, end).read())).toEqual(want.flat())
        tensor.destroy()
      }),
      { numRuns: 20 },
    )
  })

  test('takes whole blocks of quantised tensors', async () => {
    const data = fromFloat32(
      'q4_0',
      Float32Array.from({ length: 3 * 96 }, (_, i) => i - 100),
    )
    const from = backend.tensor(data.slice(), [3, 96], 'q4_0')
    const to = backend.zeros([3, 96], 'q4_0')
    backend.copy(from, to)
    expect(await to.read()).toEqual(data)
    from.destroy()
    to.destroy()
  })

  test('takes tensors that are split by rows', async () => {
    const small = await limitedBackend({ maxBindingBytes: 256 })
    const data = Float32Array.from({ length: 9 * 20 }, (_, i) => i)
    const from = small.tensor(data.slice(), [9, 20], 'f32')
    const to = small.zeros([9, 20])
    small.copy(from, to)
    expect(await to.read()).toEqual(data)
    small.destroy()
  })

  test('takes more elements than workgroups of one dimension', async () => {
    const small = await limitedBackend({ maxWorkgroups: 2 })
    const data = Float32Array.from({ length: 1500 }, (_, i) => i)
    const tensor = small.tensor(data.slice(), [3, 500], 'f32')
    expect(Array.from(await tensor.columns(0, 499).read())).toEqual(
      Array.from(data).filter((i) => i % 500 < 499),
    )
    small.destroy()
  })
})
