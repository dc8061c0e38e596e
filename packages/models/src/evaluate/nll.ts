import { breathe } from '../generate/breathe.ts'
import { expectCount } from '../generate/expect-count.ts'
import type { Model } from '../model/model.ts'
import { type TokenIds, toBatch } from '../model/token-ids.ts'

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
  const { data, batch, length } = toBatch(ids, model.config.vocabSize)
  const { backend } = model
  const out = new Float32Array(batch * (length - 1))
  const part = (start: number, end: number) =>
    Array.from({ length: batch }, (_, row) =>
      Array.from(data.subarray(row * length + start, row * length + end)),
    )
  using state = model.createState({ batch })
  for (let start = 0; start < length - 1; start += chunkSize) {
    signal?.throwIfAborted()
    const end = Math.min(start + chunkSize, length - 1)
    const losses = backend.ops.scope(() => {
      const { logits } = model.forward(part(start, end), { state, logits: 'all' })
      const next = Int32Array.from(part(start + 1, end + 1).flat())
      using targets = backend.tensor(next, [batch, end - start], 'i32')
      return backend.ops.crossEntropy(logits, targets)
    })
    const values = (await losses.read()) as Float32Array
    losses.destroy()
    for (let row = 0; row < batch; row++) {
      const count = end - start
      out.set(values.subarray(row * count, (row + 1) * count), row * (length - 1) + start)
    }
    await breathe()
  }
  return out
}
