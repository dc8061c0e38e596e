import { type Backend, CheckpointError, uniform } from '@mamba/core'
import type { SourceInput } from '../checkpoint/index.ts'
import { loadModel } from '../model/load-model.ts'
import type { Model } from '../model/model.ts'
import type { Check } from './check.ts'
import { type Expected, openExpected } from './expected.ts'
import { checkIdentities } from './identity-checks.ts'
import { expectedActivations, measure } from './measure.ts'
import { checkForward, checkGreedy, checkHeldOut } from './reference-checks.ts'
import { tf32Correction } from './tf32.ts'

export type { Check } from './check.ts'

/** How a checkpoint is verified. */
export interface VerifyOptions {
  readonly backend?: Backend | undefined
  /** Called with each check as soon as it is done. */
  readonly onCheck?: ((check: Check) => void) | undefined
  /** Also the likelihood of the held-out text, some 65,000 tokens, where the reference has it. Default false. */
  readonly heldOut?: boolean | undefined
  /** Of the random splits into chunks. Default 1. */
  readonly seed?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** What {@link verifyCheckpoint} found. */
export interface VerifyReport {
  /** Whether all checks hold. */
  readonly ok: boolean
  readonly checks: readonly Check[]
}

/**
 * Runs a checkpoint against what a reference implementation computed with it (`expected.safetensors` beside it), and
 * against itself: logits, hidden states, loss, greedy ids; one pass, chunks, token by token; a saved state.
 *
 * Where the reference disagrees, and turns out to have been computed with operands cut to TF32, that is taken out of
 * its values, and the checks say so: see `docs/explanation/correctness.md`.
 * @throws CheckpointError if there is nothing to compare with, or as {@link loadModel}
 */
export async function verifyCheckpoint(
  source: SourceInput,
  options: VerifyOptions = {},
): Promise<VerifyReport> {
  const { backend, onCheck, signal } = options
  const expected = await openExpected(source, signal)
  try {
    using model = await loadModel(source, { backend, signal })
    const checks: Check[] = []
    for await (const check of allChecks(model, source, expected, options)) {
      signal?.throwIfAborted()
      checks.push(check)
      onCheck?.(check)
    }
    return { ok: checks.every(({ ok }) => ok), checks }
  } finally {
    await expected.close()
  }
}

async function* allChecks(
  model: Model,
  source: SourceInput,
  expected: Expected,
  { heldOut = false, seed = 1, signal }: VerifyOptions,
): AsyncGenerator<Check> {
  const ids = await inputIds(expected)
  let compared = 0
  for await (const check of checkReference(model, source, expected, ids, signal)) {
    compared++
    yield check
  }
  if (compared === 0) {
    throw new CheckpointError(
      'expected.safetensors: it holds input_ids and nothing that a reference computed of them',
    )
  }
  let drawn = 0
  yield* checkIdentities(model, ids, () => uniform(seed, drawn++), signal)
  if (heldOut) yield* checkHeldOut(model, expected, signal)
}

async function* checkReference(
  model: Model,
  source: SourceInput,
  expected: Expected,
  ids: readonly number[][],
  signal: AbortSignal | undefined,
): AsyncGenerator<Check> {
  const got = await measure(model, expected, ids)
  const want = await expectedActivations(expected)
  const checks = await checkForward(expected, got, want)
  const known = model.backend.name === 'cpu' ? got : undefined
  // Only Mamba-2's kernels multiply so.
  const failed = model.config.modelType === 'mamba2' && checks.some(({ ok }) => !ok)
  const correction = failed ? await tf32Correction(source, expected, ids, want, known, signal) : undefined
  yield* correction ? await checkForward(expected, got, want, correction) : checks
  yield* checkGreedy(model, expected, ids, signal)
}

async function inputIds(expected: Expected): Promise<number[][]> {
  const shape = expected.shape('input_ids')
  if (shape?.length !== 2 || shape[0]! * shape[1]! === 0) {
    throw new CheckpointError('expected.safetensors: input_ids (batch, length) is missing or empty')
  }
  const [batch, length] = shape as [number, number]
  const data = Array.from(await expected.ids('input_ids'))
  return Array.from({ length: batch }, (_, row) => data.slice(row * length, (row + 1) * length))
}
