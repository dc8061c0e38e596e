import type { ResolvedSampling } from './options.ts'
import { idAtWeight, ranksBefore } from './rank.ts'

/**
 * The ids that top-k, then top-p, then min-p leave, as in Hugging Face transformers: top-p looks at the probabilities
 * after top-k. The likeliest id is always left. Where ids are equally likely, top-k keeps all of them or none, and
 * top-p keeps the lower ids.
 *
 * @param scores (vocabulary): logits minus the largest, so that the largest is 0; −∞ for ids to leave out
 * @param weights (vocabulary): e^score
 * @returns ascending; not empty
 */
export function keptIds(
  scores: Float64Array,
  weights: Float64Array,
  { topK, topP, minP }: Pick<ResolvedSampling, 'topK' | 'topP' | 'minP'>,
): Int32Array {
  let ids = possibleIds(scores)
  if (topK > 0 && topK < ids.length) {
    const least = scores[idAtWeight(ids.slice(), scores, topK)]!
    ids = ids.filter((id) => scores[id]! >= least)
  }
  if (topP < 1) {
    const last = idAtWeight(ids.slice(), scores, topP * sumOf(ids, weights), weights)
    ids = ids.filter((id) => !ranksBefore(scores, last, id))
  }
  if (minP > 0) {
    ids = ids.filter((id) => weights[id]! >= minP)
  }
  return ids
}

/** The sum of some weights, in the order of the ids. */
export function sumOf(ids: Int32Array, weights: Float64Array): number {
  let sum = 0
  for (const id of ids) {
    sum += weights[id]!
  }
  return sum
}

/** Ids whose score is not −∞, ascending. */
export function possibleIds(scores: Float64Array): Int32Array {
  const ids = new Int32Array(scores.length)
  let count = 0
  for (let id = 0; id < scores.length; id++) {
    if (scores[id] !== Number.NEGATIVE_INFINITY) {
      ids[count++] = id
    }
  }
  return ids.subarray(0, count)
}
