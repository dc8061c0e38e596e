import type { Tensor } from '@mamba/core'
import type { Model } from '../model/model.ts'
import { partOf, type TokenIds, toBatch } from '../model/token-ids.ts'
import type { State } from '../state/state.ts'
import { breathe } from './breathe.ts'
import { expectCount } from './expect-count.ts'

/** How {@link prefill} reads. */
export interface PrefillOptions {
  /** The past, updated in place. */
  readonly state: State
  /** Positions that are read in one pass: memory grows with it, not with the prompt. Default 512. */
  readonly chunkSize?: number | undefined
  /** Called after each chunk with the number of positions read so far. */
  readonly onProgress?: ((progress: { readonly read: number; readonly total: number }) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Reads ids into a state, chunk by chunk.
 * @returns logits of the last position, (batch, 1, paddedVocabSize)
 * @throws ShapeError if an id is outside the vocabulary or there is none
 * @throws ConfigError if `chunkSize` is not a positive integer
 * @throws the signal's reason if it was aborted: the state has then read the chunks before
 */
export async function prefill(
  model: Model,
  ids: TokenIds,
  { state, chunkSize = 512, onProgress, signal }: PrefillOptions,
): Promise<Tensor> {
  expectCount('prefill', 'chunkSize', chunkSize, 1)
  // All ids are checked before the first chunk, so that a bad one leaves the state as it was.
  const batch = toBatch(ids, model.config.vocabSize)
  const { length } = batch
  for (let start = 0; ; start += chunkSize) {
    signal?.throwIfAborted()
    const end = Math.min(start + chunkSize, length)
    const { logits } = model.forward(partOf(batch, start, end), { state })
    try {
      onProgress?.({ read: end, total: length })
    } catch (error) {
      logits.destroy()
      throw error
    }
    if (end === length) return logits
    logits.destroy()
    await breathe()
  }
}
