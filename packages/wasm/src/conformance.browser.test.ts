import { describeBackend } from '@mamba/conformance'
import { describe, expect, test } from 'vitest'
import { activationTolerance } from './testing/activation-tolerance.ts'
import { wasm } from './wasm.ts'

describe.each([{ relaxedSimd: false }, { relaxedSimd: true }])('%o', (options) => {
  describeBackend('wasm', () => wasm({ threads: 2, ...options }), {
    runs: 5,
    roundedActivations: { q8_0: activationTolerance, q4_0: activationTolerance },
  })
})

test('info says how many threads there are, and on a page that may not have them why', async () => {
  const backend = await wasm({ threads: 2 })
  expect(backend.info).toEqual(
    crossOriginIsolated
      ? { device: 'WebAssembly, relaxed SIMD, 2 threads', notes: [] }
      : {
          device: 'WebAssembly, relaxed SIMD, 1 thread',
          notes: [expect.stringContaining('Cross-Origin-Embedder-Policy: require-corp')],
        },
  )
  backend.destroy()
})
