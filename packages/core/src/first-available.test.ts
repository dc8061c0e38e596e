import { expect, test, vi } from 'vitest'
import { cpu } from './cpu/backend.ts'
import { ConfigError, DeviceError } from './errors.ts'
import { firstAvailable } from './first-available.ts'

const unavailable = (message: string) => async () => {
  throw new DeviceError(message)
}

test('starts the first that works, and none after it', async () => {
  const backend = cpu()
  const later = vi.fn(async () => cpu())
  expect(await firstAvailable([unavailable('webgpu: no adapter'), async () => backend, later])).toBe(backend)
  expect(later).not.toHaveBeenCalled()
})

test('says of each why it does not work, if none does', async () => {
  const none = firstAvailable([unavailable('webgpu: no adapter'), unavailable('wasm: no SIMD')])
  await expect(none).rejects.toThrow(
    new DeviceError('firstAvailable: no backend works here: webgpu: no adapter; wasm: no SIMD'),
  )
  await expect(firstAvailable([])).rejects.toThrow('none was given')
})

test('a mistake in the options of one is not hidden by the next', async () => {
  const mistaken = async () => {
    throw new ConfigError('wasm: threads is 0')
  }
  await expect(firstAvailable([mistaken, async () => cpu()])).rejects.toThrow('threads is 0')
})
