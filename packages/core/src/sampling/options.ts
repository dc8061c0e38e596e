import { ConfigError } from '../errors.ts'

/**
 * How the next token is chosen. The steps, in this order, are those of Hugging Face transformers:
 * repetition penalty, frequency and presence penalty (on the logits), temperature, top-k, top-p, min-p, and a
 * draw from what is left.
 */
export interface SamplingOptions {
  /** Always takes the likeliest token; temperature and what follows it are ignored. Default false. */
  readonly greedy?: boolean | undefined
  /** Divides the logits; below 1 likely tokens become likelier. 0 means greedy. Default 1. */
  readonly temperature?: number | undefined
  /** Keeps the k likeliest tokens, and those as likely as the k-th. 0 keeps all. Default 0. */
  readonly topK?: number | undefined
  /** Keeps the fewest likeliest tokens whose probabilities add up to this or more, in (0, 1]. Default 1: all. */
  readonly topP?: number | undefined
  /** Keeps tokens at least this share as likely as the likeliest, in [0, 1]. Default 0: all. */
  readonly minP?: number | undefined
  /**
   * Divides positive and multiplies negative logits of every token of the prompt and of the text so far (Keskar et
   * al. 2019, arXiv:1909.05858); above 1 it discourages repetition. Default 1: nothing.
   */
  readonly repetitionPenalty?: number | undefined
  /** Is subtracted from the logits of tokens that were sampled before. May be negative. Default 0. */
  readonly presencePenalty?: number | undefined
  /** Is subtracted from a token's logit once for each time it was sampled before. May be negative. Default 0. */
  readonly frequencyPenalty?: number | undefined
  /** The same seed gives the same text on the same backend; a whole number from 0. Default: drawn at random. */
  readonly seed?: number | undefined
}

/** Checked options, without gaps. */
export interface ResolvedSampling {
  readonly greedy: boolean
  /** Above 0; 1 if greedy. */
  readonly temperature: number
  readonly topK: number
  readonly topP: number
  readonly minP: number
  readonly repetitionPenalty: number
  readonly presencePenalty: number
  readonly frequencyPenalty: number
  readonly seed: number
  /** Whether the tokens so far matter: whether any penalty does something. */
  readonly usesHistory: boolean
}

const NOT_NEGATIVE = {
  check: (x: number) => Number.isFinite(x) && x >= 0,
  expected: 'a finite number of at least 0',
}
// The limits of the penalties keep logits finite, in float32 too.
const FACTOR = { check: (x: number) => x >= 1e-3 && x <= 1e3, expected: 'a number from 0.001 to 1000' }
const DIFFERENCE = { check: (x: number) => x >= -1e3 && x <= 1e3, expected: 'a number from -1000 to 1000' }
const COUNT = {
  check: (x: number) => Number.isSafeInteger(x) && x >= 0,
  expected: 'a whole number of at least 0',
}
const SHARE = { check: (x: number) => x > 0 && x <= 1, expected: 'a number above 0 and up to 1' }
const SHARE_OR_NONE = { check: (x: number) => x >= 0 && x <= 1, expected: 'a number from 0 to 1' }

/**
 * Checks options and fills the gaps. Properties other than those of {@link SamplingOptions} are ignored.
 * @throws ConfigError that names an option which is not a number, or outside its range
 */
export function resolveSampling(options: SamplingOptions = {}): ResolvedSampling {
  const number = (name: NumberOption, byDefault: number, { check, expected }: Range) => {
    const value = options[name] ?? byDefault
    if (typeof value !== 'number' || !check(value)) {
      throw new ConfigError(`sampling: ${name} is ${String(value)}; expected ${expected}`)
    }
    return value
  }
  const greedy = options.greedy ?? false
  if (typeof greedy !== 'boolean') {
    throw new ConfigError(`sampling: greedy is ${String(greedy)}; expected true or false`)
  }
  const temperature = number('temperature', 1, NOT_NEGATIVE)
  const penalties = {
    repetitionPenalty: number('repetitionPenalty', 1, FACTOR),
    presencePenalty: number('presencePenalty', 0, DIFFERENCE),
    frequencyPenalty: number('frequencyPenalty', 0, DIFFERENCE),
  }
  return {
    greedy: greedy || temperature === 0,
    temperature: temperature === 0 ? 1 : temperature,
    topK: number('topK', 0, COUNT),
    topP: number('topP', 1, SHARE),
    minP: number('minP', 0, SHARE_OR_NONE),
    ...penalties,
    seed: number('seed', Math.floor(Math.random() * 2 ** 32), COUNT),
    usesHistory:
      penalties.repetitionPenalty !== 1 ||
      penalties.presencePenalty !== 0 ||
      penalties.frequencyPenalty !== 0,
  }
}

type NumberOption = Exclude<keyof SamplingOptions, 'greedy'>

interface Range {
  readonly check: (value: number) => boolean
  readonly expected: string
}
