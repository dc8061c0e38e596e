import { describe, expect, test, vi } from 'vitest'
import { clearSharedFlag, compileKernels, hasRelaxedSimd } from './module.ts'
import { wasm } from './wasm.ts'

const sharedMemory = () => new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true })
const ownMemory = () => new WebAssembly.Memory({ initial: 1, maximum: 65536 })

describe.each([false, true])('the binary with relaxed SIMD: %s', (relaxed) => {
  test('runs on shared memory', async () => {
    const module = await compileKernels(relaxed, true)
    await expect(WebAssembly.instantiate(module, { env: { memory: sharedMemory() } })).resolves.toBeDefined()
    await expect(WebAssembly.instantiate(module, { env: { memory: ownMemory() } })).rejects.toThrow()
  })

  test('runs on memory that is not shared once the mark is taken off', async () => {
    const module = await compileKernels(relaxed, false)
    await expect(WebAssembly.instantiate(module, { env: { memory: ownMemory() } })).resolves.toBeDefined()
  })

  test('exports what a host and a worker call, and imports nothing but memory', async () => {
    const module = await compileKernels(relaxed, true)
    expect(WebAssembly.Module.exports(module).map(({ name }) => name)).toEqual(['run', 'work', 'memory'])
    expect(WebAssembly.Module.imports(module)).toEqual([{ module: 'env', name: 'memory', kind: 'memory' }])
  })
})

test('relaxed SIMD is found where it is', () => {
  expect(hasRelaxedSimd()).toBe(true)
})

test('an engine without SIMD is a DeviceError that names the cpu backend', async () => {
  using validate = vi.spyOn(WebAssembly, 'validate').mockReturnValue(false)
  await expect(wasm()).rejects.toThrow(
    expect.objectContaining({
      name: 'DeviceError',
      message: expect.stringMatching(/does not have the WebAssembly SIMD .* the cpu backend/),
    }),
  )
  expect(validate).toHaveBeenCalled()
})

test('a binary without a shared memory is refused as damaged', () => {
  const empty = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)
  expect(() => clearSharedFlag(empty)).toThrow(
    expect.objectContaining({
      name: 'DeviceError',
      message: expect.stringContaining('install the package again'),
    }),
  )
})
