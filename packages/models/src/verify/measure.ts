import type { Tensor } from '@mamba/core'
import { lossesOf } from '../evaluate/nll.ts'
import type { Model } from '../model/model.ts'
import type { Expected } from './expected.ts'

/** Values by the names that `expected.safetensors` has for them. */
export type Values = ReadonlyMap<string, Float32Array>

/** The negative log-likelihood of each token of `input_ids`, (batch · (length − 1)), whether the file has it or its mean. */
export const tokenNll = 'nll'

/** Runs a model over `input_ids` and keeps what the reference computed too. */
export async function measure(
  model: Model,
  expected: Expected,
  ids: readonly number[][],
): Promise<Map<string, Float32Array>> {
  const values = new Map<string, Float32Array>()
  const { logits, hiddenStates } = model.forward(ids, { logits: 'all', hiddenStates: true })
  const { embedding, layers, final } = hiddenStates!
  try {
    const all = (await logits.read()) as Float32Array
    for (const name of activationNames(expected)) {
      if (name === 'logits') values.set(name, all)
      else if (name === 'logits_last32') values.set(name, all.subarray(-(await expected.floats(name)).length))
      else {
        // Index i is the residual stream after layer i; the one after the last layer is what the final norm made of it.
        const index = name.slice('hidden_states.'.length)
        const tensor = index === 'final' || Number(index) === layers.length ? final : layers[Number(index)]
        values.set(name, tensor ? ((await tensor.read()) as Float32Array) : new Float32Array(0))
      }
    }
    if (expected.shape('loss') || expected.shape('nll')) values.set(tokenNll, await nllOf(model, logits, ids))
  } finally {
    for (const tensor of [logits, embedding, ...layers, final]) tensor.destroy()
  }
  return values
}

/** From the logits of all positions, so that a slow backend need not read the ids again. */
async function nllOf(model: Model, logits: Tensor, ids: readonly number[][]): Promise<Float32Array> {
  using before = model.backend.ops.positions(logits, 0, ids[0]!.length - 1)
  return await lossesOf(
    model,
    before,
    ids.map((sequence) => sequence.slice(1)),
  )
}

/** What the reference says of the activations: logits and hidden states. */
export async function expectedActivations(expected: Expected): Promise<Map<string, Float32Array>> {
  const values = new Map<string, Float32Array>()
  for (const name of activationNames(expected)) values.set(name, await expected.floats(name))
  return values
}

function activationNames({ names }: Expected): readonly string[] {
  return [
    ...['logits', 'logits_last32'].filter((name) => names.includes(name)),
    ...names.filter((name) => name.startsWith('hidden_states.')),
  ]
}
