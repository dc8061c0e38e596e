import { keptIds, sumOf } from './filters.ts'
import { largestLogit, normaliserOf, type TokenLogprob } from './logprobs.ts'
import type { ResolvedSampling } from './options.ts'
import { applyPenalties, type TokenCounts } from './penalties.ts'
import { uniform } from './random.ts'

/** Where a token is sampled, and what came before. */
export interface SamplingPlace {
  /** Of the token that is sampled, in its sequence, from 0. With the seed it decides the random number. */
  readonly position: number
  /** Row of the batch. Default 0. */
  readonly sequence?: number | undefined
  /** Needed by the penalties; without it there are none. */
  readonly counts?: TokenCounts | undefined
}

/**
 * Chooses the next token: the specification of `Ops.sample`. The steps are those of `SamplingOptions`; the draw is
 * by inversion: the first id, in ascending order, at which the summed probability of the ids that were left exceeds
 * {@link uniform}.
 *
 * @param logits (vocabulary); −∞ for ids that must not be chosen, and they never are
 * @returns the id, and its log-probability by the logits as they are: before penalties, temperature and filters
 * @throws ShapeError if there are no logits, or the counts are of another vocabulary
 * @throws CheckpointError if a logit is NaN or ∞
 * @throws ConfigError if all are −∞
 */
export function sampleLogits(
  logits: Float32Array | Float64Array,
  settings: ResolvedSampling,
  { position, sequence = 0, counts }: SamplingPlace,
): TokenLogprob {
  const { max, logSum } = normaliserOf(logits)
  const logprobOf = (id: number) => ({ id, logprob: logits[id]! - max - logSum })
  const scores = new Float64Array(logits)
  if (counts !== undefined && settings.usesHistory) {
    applyPenalties(scores, settings, counts)
  }
  const best = largestLogit(scores, 'sampleLogits')
  if (settings.greedy) {
    return logprobOf(best)
  }
  const largest = scores[best]!
  for (let id = 0; id < scores.length; id++) {
    // The difference first: it is 0 for the largest, however small the temperature is.
    scores[id] = (scores[id]! - largest) / settings.temperature
  }
  const weights = scores.map(Math.exp)
  const ids = keptIds(scores, weights, settings)
  return logprobOf(draw(ids, weights, uniform(settings.seed, position, sequence)))
}

/** The first id at which the summed weight exceeds `share` of the whole. As share is below 1, the last one does. */
function draw(ids: Int32Array, weights: Float64Array, share: number): number {
  const target = share * sumOf(ids, weights)
  const last = ids.length - 1
  let sum = 0
  for (let i = 0; i < last; i++) {
    sum += weights[ids[i]!]!
    if (sum > target) {
      return ids[i]!
    }
  }
  return ids[last]!
}
