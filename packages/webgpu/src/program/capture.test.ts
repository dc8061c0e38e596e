import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { WebGpuBackend } from '../backend.ts'
import { webgpu } from '../webgpu.ts'

let backend: WebGpuBackend

beforeAll(async () => {
  backend = await webgpu({ software: true })
})
afterAll(() => backend.destroy())

const floats = (...values: number[]) => backend.tensor(Float32Array.from(values), [1, values.length], 'f32')

describe('a recorded program', () => {
  test('computes on what its inputs hold at each replay', async () => {
    const x = floats(1, 2, 3)
    const { ops } = backend
    const program = backend.capture(() => ops.scale(ops.add(x, x), 10))
    const first = program.replay().read()
    backend.write(x, Float32Array.of(4, 5, 6))
    const second = program.replay().read()
    expect([await first, await second]).toEqual([Float32Array.of(20, 40, 60), Float32Array.of(80, 100, 120)])
    program.destroy()
    x.destroy()
  })

  test('runs nothing while it is recorded', async () => {
    const x = floats(1)
    const program = backend.capture(() => backend.copy(backend.ops.add(x, x), x))
    expect(await x.read()).toEqual(Float32Array.of(1))
    for (const _ of [1, 2, 3]) program.replay()
    expect(await x.read()).toEqual(Float32Array.of(8))
    program.destroy()
    x.destroy()
  })

  test('shares memory between results that are not needed at the same time, and gives it back', async () => {
    const before = backend.memoryUse().live
    const x = floats(...Array.from({ length: 1024 }, (_, i) => i))
    const { ops } = backend
    const program = backend.capture(() => {
      let y = x
      for (let i = 0; i < 20; i++) y = ops.add(y, x)
      return y
    })
    // x, and two that take turns.
    expect(backend.memoryUse().live - before).toBe(3 * 4096)
    expect(((await program.replay().read()) as Float32Array)[7]).toBe(21 * 7)
    program.destroy()
    x.destroy()
    await backend.finish()
    expect(backend.memoryUse().live).toBe(before)
  })

  test('returns what its function returns, whole structures too', async () => {
    const x = floats(1, 2)
    const { ops } = backend
    const program = backend.capture(() => ({ sum: ops.add(x, x), list: [ops.mul(x, x)] }))
    const { sum, list } = program.replay()
    expect(await sum.read()).toEqual(Float32Array.of(2, 4))
    expect(await list[0]!.read()).toEqual(Float32Array.of(1, 4))
    program.destroy()
    x.destroy()
  })

  test('refuses to run when an input was destroyed, or it was itself', async () => {
    const x = floats(1)
    const program = backend.capture(() => backend.ops.add(x, x))
    x.destroy()
    const shapeError = (message: string) =>
      expect.objectContaining({ name: 'ShapeError', message: expect.stringContaining(message) })
    expect(() => program.replay()).toThrow(shapeError('keep it until the last replay'))
    program.destroy()
    program.destroy()
    expect(() => program.replay()).toThrow(shapeError('the program was destroyed'))
  })

  test('leaves the backend usable when its function throws', async () => {
    const x = floats(2)
    expect(() =>
      backend.capture(() => {
        backend.ops.add(x, x)
        throw new Error('changed my mind')
      }),
    ).toThrow('changed my mind')
    expect(await backend.ops.add(x, x).read()).toEqual(Float32Array.of(4))
    x.destroy()
  })
})
