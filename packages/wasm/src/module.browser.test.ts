import { expect, test, vi } from 'vitest'
import { wasm } from './wasm.ts'

test('a page in the place of the binary is a DeviceError that points to the README', async () => {
  const fetched = vi.spyOn(globalThis, 'fetch').mockResolvedValue(new Response('<!doctype html>'))
  await expect(wasm({ threads: 1 })).rejects.toThrow(
    expect.objectContaining({ name: 'DeviceError', message: expect.stringContaining('what bundlers need') }),
  )
  fetched.mockRestore()
})
