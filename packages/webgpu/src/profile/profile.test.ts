import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { WebGpuBackend } from '../backend.ts'
import { webgpu } from '../webgpu.ts'

let backend: WebGpuBackend

beforeAll(async () => {
  backend = await webgpu({ software: true })
})
afterAll(() => backend.destroy())

const zeros = (columns: number) => backend.zeros([columns])

describe('a profile', () => {
  test('counts dispatches, bytes and time of each kernel', async () => {
    const small = zeros(256)
    const large = zeros(2 ** 20)
    const { ops } = backend
    const times = await backend.profile(() => {
      for (let i = 0; i < 3; i++) ops.release(ops.silu(large))
      ops.release(ops.add(small, small))
    })
    expect(times).toEqual([
      { kernel: 'silu', count: 3, bytes: 3 * 2 ** 23, microseconds: expect.any(Number) },
      { kernel: 'add', count: 1, bytes: 2 ** 11, microseconds: expect.any(Number) },
    ])
    const [silu, add] = times
    expect(add!.microseconds).toBeGreaterThan(0)
    expect(silu!.microseconds).toBeGreaterThan(3 * add!.microseconds)
    small.destroy()
    large.destroy()
  })

  test('holds nothing of what came before it', async () => {
    const x = zeros(4)
    const { ops } = backend
    ops.release(ops.silu(x))
    const times = await backend.profile(() => ops.release(ops.gelu(x)))
    expect(times.map(({ kernel, count }) => [kernel, count])).toEqual([['gelu', 1]])
    expect(await backend.profile(() => {})).toEqual([])
    x.destroy()
  })

  test('measures programs, with more dispatches than a query set has room for', async () => {
    const x = backend.tensor(Float32Array.of(1), [1], 'f32')
    const { ops } = backend
    const program = backend.capture(() => {
      let y = x
      for (let i = 0; i < 900; i++) y = ops.add(y, x)
      return y
    })
    const times = await backend.profile(async () => {
      for (let i = 0; i < 3; i++) program.replay()
      await program.replay().read()
    })
    expect(times.map(({ kernel, count }) => [kernel, count])).toEqual([['add', 3600]])
    expect(await program.replay().read()).toEqual(Float32Array.of(901))
    program.destroy()
    x.destroy()
  })

  test('passes errors on, and is over then', async () => {
    const fail = () => {
      throw new RangeError('on purpose')
    }
    await expect(backend.profile(fail)).rejects.toThrow('on purpose')
    expect(await backend.profile(() => {})).toEqual([])
  })

  test('is made one at a time', async () => {
    const first = backend.profile(() => {})
    await expect(backend.profile(() => {})).rejects.toThrow('another profile is being made')
    await first
  })

  test('is refused by a device without timestamps, with an error that says so', async () => {
    const features = new Set([...backend.device.features].filter((name) => name !== 'timestamp-query'))
    const without = new Proxy(backend.device, {
      get: (device, name) => {
        const value = name === 'features' ? features : Reflect.get(device, name, device)
        return typeof value === 'function' ? value.bind(device) : value
      },
    })
    const other = await webgpu({ device: without })
    await expect(other.profile(() => {})).rejects.toThrow('timestamp-query')
    await expect(other.measureBandwidth()).rejects.toThrow('timestamp-query')
    other.destroy()
  })
})

test('the bandwidth is a rate, and frees what it copied', async () => {
  const before = backend.memoryUse().live
  const rate = await backend.measureBandwidth()
  expect(rate).toBeGreaterThan(1e6)
  expect(rate).toBeLessThan(1e15)
  await backend.finish()
  expect(backend.memoryUse().live).toBe(before)
})
