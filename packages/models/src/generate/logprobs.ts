import { logSoftmax, type Tensor, type TokenLogprob, topLogprobs } from '@mamba/core'

/**
 * Log-probabilities of a position.
 * @param logits (1, 1, vocabulary)
 * @param count how many of the likeliest to list
 * @param vocabSize ids from there on are padding and have no probability
 */
export async function logprobsOf(
  logits: Tensor,
  id: number,
  count: number,
  vocabSize: number,
): Promise<{ logprob: number; topLogprobs: readonly TokenLogprob[] | undefined }> {
  const row = ((await logits.read()) as Float32Array).subarray(0, vocabSize)
  return {
    logprob: logSoftmax(row)[id]!,
    topLogprobs: count > 0 ? topLogprobs(row, count) : undefined,
  }
}
