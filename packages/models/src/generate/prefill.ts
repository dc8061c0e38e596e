import type { Program, Tensor } from '@mamba/core'
import type { Model } from '../model/model.ts'
import { flatPart, partOf, type TokenBatch, type TokenIds, toBatch } from '../model/token-ids.ts'
import type { State } from '../state/state.ts'
import { breathe } from './breathe.ts'
import { expectCount } from './expect-count.ts'

/** How {@link prefill} reads. */
export interface PrefillOptions {
  /** The past, updated in place. */
  readonly state: State
  /**
   * Positions that are read in one pass: memory grows with it, not with the prompt. Default 512, or 2,048 on a backend
   * that runs ahead: a graphics card needs much to do at once.
   */
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
  { state, chunkSize = model.backend.runsAhead ? 2048 : 512, onProgress, signal }: PrefillOptions,
): Promise<Tensor> {
  expectCount('prefill', 'chunkSize', chunkSize, 1)
  // All ids are checked before the first chunk, so that a bad one leaves the state as it was.
  const batch = toBatch(ids, model.config.vocabSize)
  state.expectFits(model, batch.batch)
  const { length } = batch
  using reader = chunkReader(model, state, batch, chunkSize)
  let logits: Tensor | undefined
  for (let start = 0; start < length; start += chunkSize) {
    logits?.destroy()
    logits = undefined
    signal?.throwIfAborted()
    const end = Math.min(start + chunkSize, length)
    // A chunk that is like the one before it is read by the same program; recording one for a single chunk does not pay.
    if (length >= 2 * chunkSize && end - start === chunkSize) await reader.read(start)
    else logits = model.forward(partOf(batch, start, end), { state }).logits
    try {
      onProgress?.({ read: end, total: length })
    } catch (error) {
      logits?.destroy()
      throw error
    }
  }
  return logits ?? reader.logits()
}

/** Reads chunks of one size. */
interface ChunkReader extends Disposable {
  /** Resolves when the next chunk may be enqueued; on a backend that runs ahead this one may still be under way. */
  read(start: number): Promise<void>
  /** Of the last position of the last chunk; the caller's to destroy. */
  logits(): Tensor
}

function chunkReader(model: Model, state: State, batch: TokenBatch, chunkSize: number): ChunkReader {
  const { backend } = model
  let ids: Tensor | undefined
  let program: Program<Tensor> | undefined
  let last: Tensor | undefined
  let previous: Promise<void> | undefined
  return {
    async read(start) {
      ids ??= backend.zeros([batch.batch, chunkSize], 'i32')
      const onDevice = ids
      program ??= backend.capture(() => model.step(onDevice, state).logits)
      backend.write(onDevice, flatPart(batch, start, start + chunkSize))
      last = program.replay()
      state.position += chunkSize
      if (backend.runsAhead) {
        // One chunk is under way while the next is being enqueued, and no more wait.
        const finished = backend.finish()
        finished.catch(() => {})
        await previous
        previous = finished
      } else await breathe()
    },
    logits() {
      const copy = backend.zeros(last!.shape)
      backend.copy(last!, copy)
      return copy
    },
    [Symbol.dispose]() {
      program?.destroy()
      ids?.destroy()
    },
  }
}
