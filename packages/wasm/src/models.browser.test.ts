import { verifyCheckpoint } from '@mamba/models/verify'
import { afterEach, expect, test, vi } from 'vitest'
import { wasm } from './wasm.ts'

/** One file of each checkpoint, in the form in which bundlers find files. */
const fixtures = {
  mamba: new URL('../../../fixtures/mamba/model.safetensors', import.meta.url),
  mamba2: new URL('../../../fixtures/mamba2/model.safetensors', import.meta.url),
  'mamba3-mimo': new URL('../../../fixtures/mamba3-mimo/pytorch_model.bin', import.meta.url),
}

afterEach(() => vi.restoreAllMocks())

test.each(Object.entries(fixtures))(
  '%s agrees with the reference, read by range requests',
  async (_, file) => {
    const backend = await wasm({ threads: 2 })
    const fetched = vi.spyOn(globalThis, 'fetch')
    const { checks } = await verifyCheckpoint(new URL('.', file), { backend })
    expect(checks.filter(({ ok }) => !ok)).toEqual([])
    expect(checks.length).toBeGreaterThan(5)
    const responses = await Promise.all(fetched.mock.results.map(({ value }) => value as Promise<Response>))
    const found = responses.filter(({ status }) => status !== 404)
    expect(new Set(found.map(({ status }) => status))).toEqual(new Set([206]))
    backend.destroy()
  },
)
