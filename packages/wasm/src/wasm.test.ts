import { describeBackend } from '@mamba/conformance'
import { cpu } from '@mamba/core'
import { describe, expect, test } from 'vitest'
import { MAX_BYTES } from './memory.ts'
import { activationTolerance } from './testing/activation-tolerance.ts'
import { wasm } from './wasm.ts'

const oneMatrix = { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] } as const

describe.each([
  { threads: 1, relaxedSimd: false },
  { threads: 1, relaxedSimd: true },
  { threads: 2, relaxedSimd: false },
  { threads: 2, relaxedSimd: true },
])('%o', (options) => {
  describeBackend('wasm', () => wasm(options), {
    roundedActivations: { q8_0: activationTolerance, q4_0: activationTolerance },
  })

  test('info says what it runs on', async () => {
    const backend = await wasm(options)
    const simd = options.relaxedSimd ? 'relaxed SIMD' : 'SIMD'
    const threads = options.threads === 1 ? '1 thread' : `${options.threads} threads`
    expect(backend.info).toEqual({ device: `WebAssembly, ${simd}, ${threads}`, notes: [] })
    backend.destroy()
  })
})

describe('destroy', () => {
  test('ends everything: each call then is a DeviceError, and freeing tensors does no harm', async () => {
    const backend = await wasm({ threads: 2 })
    const tensor = backend.tensor(oneMatrix.data, oneMatrix.shape, 'f32')
    backend.destroy()
    const destroyed = expect.objectContaining({
      name: 'DeviceError',
      message: expect.stringContaining('destroyed'),
    })
    expect(() => backend.zeros([2])).toThrow(destroyed)
    expect(() => backend.tensor(oneMatrix.data, oneMatrix.shape, 'f32')).toThrow(destroyed)
    expect(() => backend.write(tensor, oneMatrix.data)).toThrow(destroyed)
    expect(() => backend.copy(tensor, tensor)).toThrow(destroyed)
    expect(() => backend.ops.add(tensor, tensor)).toThrow(destroyed)
    await expect(backend.read(tensor)).rejects.toThrow(destroyed)
    tensor.destroy()
    backend.destroy()
    expect(backend.memoryUse()).toEqual({ live: 0, reserved: 0, limit: MAX_BYTES })
  })
})

describe('two backends at once', () => {
  test('compute side by side, and refuse each other’s tensors with a ShapeError', async () => {
    const [one, other] = [await wasm({ threads: 2 }), await wasm({ threads: 1 })]
    const mine = one.tensor(oneMatrix.data, oneMatrix.shape, 'f32')
    const theirs = other.tensor(oneMatrix.data, oneMatrix.shape, 'f32')
    expect(await one.ops.linear(mine, mine).read()).toEqual(Float32Array.of(5, 11, 11, 25))
    expect(await other.ops.linear(theirs, theirs).read()).toEqual(Float32Array.of(5, 11, 11, 25))
    expect(() => one.ops.add(mine, theirs)).toThrow(
      expect.objectContaining({
        name: 'ShapeError',
        message: expect.stringContaining('another wasm backend'),
      }),
    )
    const reference = cpu().zeros([2, 2])
    expect(() => one.ops.add(mine, reference)).toThrow(
      expect.objectContaining({ name: 'ShapeError', message: expect.stringContaining('cpu backend') }),
    )
    one.destroy()
    other.destroy()
  })
})

describe('memory', () => {
  test('that runs out is a DeviceError, and what was there still works', async () => {
    const backend = await wasm({ threads: 1, memoryLimit: 2 ** 20 })
    const tensor = backend.tensor(oneMatrix.data, oneMatrix.shape, 'f32')
    expect(() => backend.zeros([2 ** 20])).toThrow(
      expect.objectContaining({
        name: 'DeviceError',
        message: expect.stringContaining('4.0 MiB more are needed'),
      }),
    )
    expect(await backend.ops.add(tensor, tensor).read()).toEqual(Float32Array.of(2, 4, 6, 8))
    backend.destroy()
  })

  test('of an op that fails is freed', async () => {
    const backend = await wasm({ threads: 1 })
    const table = backend.zeros([5, 8])
    const ids = backend.tensor(Int32Array.of(5), [1, 1], 'i32')
    const { live } = backend.memoryUse()
    expect(() => backend.ops.embedding(table, ids)).toThrow('id 5 is outside')
    expect(backend.memoryUse().live).toBe(live)
    backend.destroy()
  })
})
