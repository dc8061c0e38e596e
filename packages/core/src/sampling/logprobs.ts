import { CheckpointError, ConfigError, ShapeError } from '../errors.ts'
import { possibleIds } from './filters.ts'
import { idAtWeight, ranksBefore } from './rank.ts'

/** A token and the natural logarithm of its probability. */
export interface TokenLogprob {
  readonly id: number
  readonly logprob: number
}

/**
 * The id of the largest logit, the lowest of equals.
 * @param logits (vocabulary); −∞ for ids that must not be chosen
 * @param operation opens the messages of the errors
 * @throws ShapeError if there are none
 * @throws CheckpointError if one is NaN or ∞: the weights are damaged, or a number overflowed on the way
 * @throws ConfigError if all are −∞
 */
export function largestLogit(logits: Float32Array | Float64Array, operation: string): number {
  if (logits.length === 0) {
    throw new ShapeError(`${operation}: logits are [0]; expected one for each id of the vocabulary`)
  }
  let best = 0
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id]!
    if (Number.isNaN(logit) || logit === Number.POSITIVE_INFINITY) {
      throw new CheckpointError(
        `${operation}: the logit of id ${id} is ${logit}; expected a finite number, or -Infinity: ` +
          'the weights are damaged, or their dtype is too narrow for this model',
      )
    }
    if (logit > logits[best]!) {
      best = id
    }
  }
  if (logits[best] === Number.NEGATIVE_INFINITY) {
    throw new ConfigError(
      `${operation}: every logit is -Infinity; expected at least one id that may be chosen`,
    )
  }
  return best
}

/**
 * log softmax(l)ᵢ = lᵢ − max l − log Σⱼ exp(lⱼ − max l), in float64.
 * @param logits (vocabulary); −∞ stays −∞
 * @returns (vocabulary)
 * @throws as {@link largestLogit}
 */
export function logSoftmax(logits: Float32Array | Float64Array): Float64Array {
  const { max, logSum } = normaliserOf(logits)
  return new Float64Array(logits).map((logit) => logit - max - logSum)
}

/**
 * The n likeliest tokens, in order: the lower id first among equals. Fewer where fewer are possible.
 * @param logits (vocabulary); −∞ for ids that must not be chosen
 * @throws as {@link largestLogit}
 */
export function topLogprobs(logits: Float32Array | Float64Array, n: number): TokenLogprob[] {
  const scores = logSoftmax(logits)
  if (n < 1) {
    return []
  }
  const ids = possibleIds(scores)
  const last = idAtWeight(ids.slice(), scores, n)
  return Array.from(ids.filter((id) => !ranksBefore(scores, last, id)))
    .sort((a, b) => (ranksBefore(scores, a, b) ? -1 : 1))
    .map((id) => ({ id, logprob: scores[id]! }))
}

/**
 * What normalises logits: log softmax(l)ᵢ = (lᵢ − max) − logSum. The two are not added up, as large logits would
 * swallow logSum.
 * @throws as {@link largestLogit}
 */
export function normaliserOf(logits: Float32Array | Float64Array): { max: number; logSum: number } {
  const max = logits[largestLogit(logits, 'logSoftmax')]!
  let sum = 0
  for (let id = 0; id < logits.length; id++) {
    sum += Math.exp(logits[id]! - max)
  }
  return { max, logSum: Math.log(sum) }
}
