import { firstAvailable } from '@mamba/core'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { webgpu } from '../webgpu.ts'
import { isSoftware } from './request.ts'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.doUnmock('webgpu')
  vi.resetModules()
})

const deviceError = (...parts: string[]) =>
  expect.objectContaining({
    name: 'DeviceError',
    message: expect.stringMatching(new RegExp(`^webgpu: .*${parts.join('.*')}`)),
  })

/** A browser whose WebGPU gives these adapters, the second one when a fallback is asked for. */
function browserWith(adapter: object | null, fallback: object | null = null) {
  const requestAdapter = vi.fn(async ({ forceFallbackAdapter }: GPURequestAdapterOptions = {}) =>
    forceFallbackAdapter ? fallback : adapter,
  )
  vi.stubGlobal('navigator', { gpu: { requestAdapter } })
  return requestAdapter
}

const card = {
  info: { vendor: 'maker', architecture: 'card-9', device: '', description: '', isFallbackAdapter: false },
  features: new Set<string>(),
  limits: {},
  requestDevice: async () => {
    throw new TypeError('requestDevice failed')
  },
}

describe('an adapter', () => {
  test('that is missing is a DeviceError', async () => {
    browserWith(null)
    await expect(webgpu()).rejects.toThrow(deviceError('no adapter'))
    await expect(webgpu({ software: true })).rejects.toThrow(deviceError('no adapter'))
  })

  test.each([
    { description: 'llvmpipe (LLVM 15.0.6, 256 bits)' },
    { vendor: 'google', architecture: 'swiftshader' },
    { isFallbackAdapter: true },
  ])('that computes in software is refused unless it is asked for: %o', async (info) => {
    browserWith({ ...card, info: { ...card.info, ...info } })
    await expect(webgpu()).rejects.toThrow(
      deviceError('the only adapter, .*, computes in software and is slower than wasm', 'software: true'),
    )
    await expect(webgpu({ software: true })).rejects.toThrow(deviceError('gives no device'))
  })

  test('that computes in software is noted', async () => {
    const backend = await webgpu({ software: true })
    const notes = isSoftware(backend.device.adapterInfo)
      ? ['this adapter computes in software; wasm() is far faster']
      : []
    expect(backend.info).toEqual({ device: expect.stringMatching(/^WebGPU, ./), notes })
    backend.destroy()
  })

  test('that is a fallback is not even asked for unless software will do', async () => {
    const requestAdapter = browserWith(null, card)
    await expect(webgpu()).rejects.toThrow(deviceError('no adapter'))
    await expect(webgpu({ software: true })).rejects.toThrow(deviceError('maker card-9 gives no device'))
    expect(requestAdapter.mock.calls.map(([options]) => options?.forceFallbackAdapter)).toEqual([
      undefined,
      undefined,
      true,
    ])
  })

  test.each(['low-power', 'high-performance', undefined] as const)(
    'is asked for with the power preference %s',
    async (powerPreference) => {
      const requestAdapter = browserWith(card)
      await expect(webgpu({ powerPreference })).rejects.toThrow(deviceError('gives no device'))
      expect(requestAdapter).toHaveBeenCalledExactlyOnceWith({
        powerPreference: powerPreference ?? 'high-performance',
      })
    },
  )

  test('that gives no device is a DeviceError with its name and the cause', async () => {
    browserWith(card)
    await expect(webgpu()).rejects.toMatchObject({
      message: 'webgpu: maker card-9 gives no device: requestDevice failed',
      cause: new TypeError('requestDevice failed'),
    })
  })
})

describe('Node without the npm package webgpu', () => {
  test('is a DeviceError that says what to do, with the cause', async () => {
    vi.resetModules()
    const cause = new Error('Cannot find package')
    vi.doMock('webgpu', () => {
      throw cause
    })
    const copy = await import('../webgpu.ts')
    const error = await copy.webgpu().catch((error: unknown) => error)
    expect(error).toMatchObject({
      name: 'DeviceError',
      message: expect.stringMatching(/^webgpu: Node needs the npm package webgpu.*npm install webgpu/),
      cause: expect.anything(),
    })
  })

  test('or without Vulkan lets firstAvailable go on', async () => {
    vi.resetModules()
    vi.doMock('webgpu', () => {
      throw new Error('Cannot find package')
    })
    const [{ webgpu }, { cpu }] = await Promise.all([import('../webgpu.ts'), import('@mamba/core')])
    const backend = await firstAvailable([webgpu, async () => cpu()])
    expect(backend.name).toBe('cpu')
  })
})

test('a browser without WebGPU is a DeviceError that names wasm', async () => {
  vi.stubGlobal('navigator', {})
  vi.stubGlobal('process', { ...process, versions: {} })
  await expect(webgpu()).rejects.toThrow(deviceError('no WebGPU', 'https', 'wasm\\(\\)'))
})

test('default limits are those of the specification', async () => {
  const backend = await webgpu({ software: true, limits: 'default' })
  expect(backend.device.limits).toMatchObject({
    maxBufferSize: 268435456,
    maxStorageBufferBindingSize: 134217728,
    maxStorageBuffersPerShaderStage: 8,
    maxComputeWorkgroupStorageSize: 16384,
    maxComputeInvocationsPerWorkgroup: 256,
  })
  backend.destroy()
})
