import { CheckpointError } from '@mamba/core'
import type { Model } from '../model/model.ts'
import { type Check, check, deviation, largestDifference, mean } from './check.ts'
import type { Expected } from './expected.ts'
import { tokenNll, type Values } from './measure.ts'

/** Logits and hidden states, in standard deviations of the reference. */
export const activationLimit = 2e-4
/** The same where the reference's operands had 10 bits, and what it owes to that was taken out: see `tf32.ts`. */
const tf32ActivationLimit = 1e-3
/** Means of negative log-likelihoods, in nats. */
const nllLimit = 1e-5
/** Negative log-likelihood of one token, in nats: a difference of logits, which are a few nats apart. */
const tokenNllLimit = 2e-3

/**
 * Compares what a model computed of `input_ids` with what the reference did: logits, hidden states, loss.
 * @param got the model's values
 * @param want the reference's activations
 * @param correction what to add to the reference's values, where it computed in TF32
 */
export async function checkForward(
  expected: Expected,
  got: Values,
  want: Values,
  correction?: Values,
): Promise<Check[]> {
  const checks: Check[] = []
  const limit = correction ? tf32ActivationLimit : activationLimit
  const suffix = correction ? ' (TF32 reference)' : ''
  for (const [name, values] of want) {
    checks.push(check(name + suffix, deviation(got.get(name)!, sum(values, correction?.get(name))), limit))
  }
  const nll = got.get(tokenNll)
  if (nll && expected.shape('loss')) {
    const loss = (await expected.floats('loss'))[0]! + mean(correction?.get(tokenNll) ?? [0])
    checks.push(check(`loss${suffix}`, Math.abs(mean(nll) - loss), nllLimit))
  }
  if (nll && expected.shape('nll')) {
    const tokens = sum(await expected.floats('nll'), correction?.get(tokenNll))
    checks.push(check(`nll${suffix}`, Math.abs(mean(nll) - mean(tokens)), nllLimit))
    checks.push(check(`nll of each token${suffix}`, largestDifference(nll, tokens), tokenNllLimit))
  }
  return checks
}

function sum(values: Float32Array, addend: Float32Array | undefined): Float32Array {
  return addend ? values.map((value, i) => value + addend[i]!) : values
}

/** A continuation of the beginning of `input_ids[0]`, each id chosen by a forward pass over all before it. */
const fullForward = 'greedy_ids_full_forward'
/** Ids that the reference chose at the end of `greedy_ids.<n>`; those before are the prompt. */
const longContinuation = 120

/** Compares greedy decoding, one token at a time from a state, with the ids that the reference chose. */
export async function* checkGreedy(
  model: Model,
  expected: Expected,
  ids: readonly (readonly number[])[],
  signal: AbortSignal | undefined,
): AsyncGenerator<Check> {
  // Not `greedy_ids`: the reference's own cached decoding, which disagrees with its full forward passes.
  const names = expected.names.filter((name) => name === fullForward || /^greedy_ids\.\d+$/.test(name))
  for (const name of names) {
    const want = Array.from(await expected.ids(name))
    const prompt = name === fullForward ? commonPrefix(want, ids[0]!) : want.length - longContinuation
    if (prompt < 1 || prompt >= want.length) {
      throw new CheckpointError(
        `expected.safetensors: ${name} has ${want.length} ids; expected a prompt (the beginning of input_ids, or all ` +
          `but ${longContinuation}) and its continuation`,
      )
    }
    // The reference's penalties are off, whatever generation_config.json says.
    const options = {
      greedy: true,
      repetitionPenalty: 1,
      maxTokens: want.length - prompt,
      stopIds: [],
      signal,
    }
    const got = await model.complete(want.slice(0, prompt), options).catch((error) => {
      // Of logits that are not numbers nothing can be chosen.
      if (CheckpointError.is(error, 'CheckpointError')) return undefined
      throw error
    })
    const differing = got && want.slice(prompt).filter((id, i) => id !== got.ids[i]).length
    yield check(name, differing ?? Number.NaN, 0)
  }
}

function commonPrefix(a: readonly number[], b: readonly number[]): number {
  const end = a.findIndex((id, i) => id !== b[i])
  return end < 0 ? a.length : end
}

/** Compares the mean over windows of held-out text, each read on its own. */
export async function* checkHeldOut(
  model: Model,
  expected: Expected,
  signal: AbortSignal | undefined,
): AsyncGenerator<Check> {
  if (!expected.shape('val_ids') || !expected.shape('val_mean_nll')) return
  const ids = await expected.ids('val_ids')
  const window = 1024
  let sum = 0
  const windows = Math.floor(ids.length / window)
  for (let i = 0; i < windows; i++)
    sum += mean(await model.nll(ids.subarray(i * window, (i + 1) * window), { signal }))
  yield check('val_mean_nll', Math.abs(sum / windows - (await expected.floats('val_mean_nll'))[0]!), nllLimit)
}
