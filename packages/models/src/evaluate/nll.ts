import type { Tensor } from '@mamba/core'
import { breathe } from '../generate/breathe.ts'
import { expectCount } from '../generate/expect-count.ts'
import type { Model } from '../model/model.ts'
import { partOf, type TokenIds, toBatch } from '../model/token-ids.ts'

/** How {@link nll} reads. */
export interface NllOptions {
  /** Positions that are read in one pass. Default 512. */
  readonly chunkSize?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Negative log-likelihood of every token but the first, given those before it, in nats, over the padded vocabulary,
 * as in training.
 * @param ids of one sequence, or of several of equal length
 * @returns (batch, length − 1)
 * @throws ShapeError if an id is outside the vocabulary or there is none
 * @throws ConfigError if `chunkSize` is not a positive integer; the signal's reason if it was aborted
 */
export async function nll(
  model: Model,
  ids: TokenIds,
  { chunkSize = 512, signal }: NllOptions = {},
): Promise<Float32Array> {
  expectCount('nll', 'chunkSize', chunkSize, 1)
  const all = toBatch(ids, model.config.vocabSize)
  const { batch, length } = all
  const out = new Float32Array(batch * (length - 1))
  using state = model.createState({ batch })
  for (let start = 0; start < length - 1; start += chunkSize) {
    signal?.throwIfAborted()
    const end = Math.min(start + chunkSize, length - 1)
    using logits = model.forward(partOf(all, start, end), { state, logits: 'all' }).logits
    const values = await lossesOf(model, logits, partOf(all, start + 1, end + 1))
    for (let row = 0; row < batch; row++) {
      const count = end - start
      out.set(values.subarray(row * count, (row + 1) * count), row * (length - 1) + start)
    }
    await breathe()
  }
  return out
}

/**
 * Negative log-likelihood of ids, given logits of the positions before them.
 * @param logits (batch, length, paddedVocabSize)
 * @param next (batch, length)
 * @returns (batch, length)
 */
export async function lossesOf(
  { backend }: Model,
  logits: Tensor,
  next: readonly (readonly number[])[],
): Promise<Float32Array> {
  using targets = backend.tensor(Int32Array.from(next.flat()), [next.length, next[0]!.length], 'i32')
  using losses = backend.ops.crossEntropy(logits, targets)
  return (await losses.read()) as Float32Array
}
