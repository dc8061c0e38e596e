import { describe, expect, test, vi } from 'vitest'
import { MAX_BYTES } from './memory.ts'
import { resolveOptions } from './options.ts'

describe('threads', () => {
  test.each([0, -1, 1.5, 10_000, Number.NaN])('%d is refused with a ConfigError', (threads) => {
    expect(() => resolveOptions({ threads })).toThrow(
      expect.objectContaining({
        name: 'ConfigError',
        message: `wasm: threads is ${threads}; expected a whole number from 1 to 256`,
      }),
    )
  })

  test('are by default as many as there are processors', async () => {
    const { availableParallelism } = await import('node:os')
    expect(resolveOptions({}).threads).toBe(availableParallelism())
  })

  test('are one, with a note why, where memory cannot be shared', () => {
    vi.stubGlobal('crossOriginIsolated', false)
    try {
      const { threads, notes } = resolveOptions({ threads: 8 })
      expect(threads).toBe(1)
      expect(notes).toEqual([expect.stringContaining('Cross-Origin-Opener-Policy')])
      expect(resolveOptions({ threads: 1 }).notes).toEqual([])
    } finally {
      vi.unstubAllGlobals()
    }
  })
})

describe('memoryLimit', () => {
  test('is rounded down to whole pages', () => {
    expect(resolveOptions({ memoryLimit: 2 ** 20 + 1 }).memoryLimit).toBe(2 ** 20)
    expect(resolveOptions({}).memoryLimit).toBe(MAX_BYTES)
  })

  test.each([0, 1000, MAX_BYTES + 1, 1e6 + 0.5])('%d is refused with a ConfigError', (memoryLimit) => {
    expect(() => resolveOptions({ memoryLimit })).toThrow(expect.objectContaining({ name: 'ConfigError' }))
  })
})
