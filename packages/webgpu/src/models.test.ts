import { verifyCheckpoint } from '@mamba/models/verify'
import { fixturePath } from '@mamba/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { WebGpuBackend } from './backend.ts'
import { webgpu } from './webgpu.ts'

/** Logits, in standard deviations of the reference: a tenth of what verify allows. */
const largestDeviation = 2e-5

/** One of each kind; `apps/bench/src/card` verifies all of them on a card. */
const fixtures = [
  'mamba',
  'falcon-mamba',
  'mamba2-groups',
  'mamba2-clamp',
  'mamba3-siso-norm-groups',
  'mamba3-mimo-groups',
]

let backend: WebGpuBackend

beforeAll(async () => {
  backend = await webgpu({ software: true })
})
afterAll(() => backend.destroy())

test.each(fixtures)('agrees with the reference implementation: %s', { timeout: 60_000 }, async (name) => {
  await backend.finish()
  const before = backend.memoryUse().live
  const { checks } = await verifyCheckpoint(fixturePath(name), { backend })
  expect(checks.filter(({ ok }) => !ok)).toEqual([])
  expect(checks.find((check) => check.name.startsWith('logits'))!.value).toBeLessThan(largestDeviation)
  await backend.finish()
  expect(backend.memoryUse().live).toBe(before)
})
