import { join } from 'node:path'
import { readGoldens } from '@mamba/testing'
import { expect } from 'vitest'
import { loadModel } from '../model/load-model.ts'
import { largestDifference, mean } from '../verify/check.ts'
import { verifyCheckpoint } from '../verify/index.ts'

/** A tenth of what verify allows, so that a loss of precision is seen here first. Seen: 5e-6 and less. */
const largestDeviation = 2e-5

const identities = [
  'one pass = random chunks',
  'one pass = other random chunks',
  'one pass = token by token',
  'saved and reloaded state',
]

/** Asserts that a fixture agrees with its reference in everything that the reference computed. */
export async function expectVerified(folder: string): Promise<void> {
  const { ok, checks } = await verifyCheckpoint(folder)
  expect(checks.filter((check) => !check.ok)).toEqual([])
  expect(ok).toBe(true)

  const computed = readGoldens(join(folder, 'expected.safetensors')).names
  const compared = computed.filter((name) => name !== 'input_ids' && name !== 'greedy_ids')
  expect(checks.map(({ name }) => name).sort()).toEqual([...compared, ...identities].sort())
  expect(checks.find(({ name }) => name === 'logits')!.value).toBeLessThan(largestDeviation)
}

/** How much of a trained model's reference is compared, and how closely, in nats. */
export interface VerifiedPart {
  /** Ids whose likelihoods are compared. */
  readonly length: number
  /** Greedy ids that are compared. */
  readonly generated: number
  /** Limits of the difference: of the mean, and of each token. */
  readonly nll: { readonly mean: number; readonly token: number }
}

/**
 * Asserts that a trained model agrees with its reference on some ids: as much as the cpu backend does in a few
 * seconds. `mamba verify` compares all of it.
 */
export async function expectVerifiedPart(
  folder: string,
  { length, generated, nll: limits }: VerifiedPart,
): Promise<void> {
  const goldens = readGoldens(join(folder, 'expected.safetensors'))
  using model = await loadModel(folder)
  const ids = goldens.ints('input_ids').data.subarray(0, length)
  const nll = await model.nll(ids)
  const want = goldens.floats('nll').data.subarray(0, length - 1)
  expect(Math.abs(mean(nll) - mean(want))).toBeLessThan(limits.mean)
  expect(largestDifference(nll, want)).toBeLessThan(limits.token)

  const greedy = Array.from(goldens.ints('greedy_ids.0').data)
  const prompt = greedy.slice(0, -120)
  const { ids: got } = await model.complete(prompt, { greedy: true, maxTokens: generated, stopIds: [] })
  expect(got).toEqual(greedy.slice(prompt.length, prompt.length + generated))
}
