import {
  ConfigError,
  resolveSampling,
  type SamplingOptions,
  type Tensor,
  type TokenLogprob,
} from '@mamba/core'
import type { Model } from '../model/model.ts'
import type { State } from '../state/state.ts'
import { breathe } from './breathe.ts'
import { Decoder } from './decoder.ts'
import { expectCount } from './expect-count.ts'
import { logprobsOf } from './logprobs.ts'
import { prefill } from './prefill.ts'
import { StopMatcher } from './stop-matcher.ts'

/** How {@link generate} continues a prompt. What is not given is taken from the checkpoint's generation_config.json. */
export interface GenerateOptions extends SamplingOptions {
  /** Largest number of tokens. Default 256. */
  readonly maxTokens?: number | undefined
  /** The text ends before the first of these. */
  readonly stop?: readonly string[] | undefined
  /** Ids that end the text. Default: the end tokens that the checkpoint names. */
  readonly stopIds?: readonly number[] | undefined
  /** Log-probabilities to report: of the chosen token, and of this many of the likeliest. Default: none. */
  readonly logprobs?: number | undefined
  /**
   * The past, updated in place; afterwards it has read the prompt and every token that was yielded, meanwhile perhaps
   * more: use it again when the generator has ended. A string is then not preceded by the beginning-of-text token, unless the state is new. Default: a new state, freed at the end.
   */
  readonly state?: State | undefined
  /** Positions of the prompt that are read in one pass. Default as in {@link PrefillOptions}. */
  readonly chunkSize?: number | undefined
  /** Called while the prompt is read, with the number of its tokens read so far. */
  readonly onPromptProgress?:
    | ((progress: { readonly read: number; readonly total: number }) => void)
    | undefined
  readonly signal?: AbortSignal | undefined
}

/** One token of a continuation. */
export interface GeneratedToken {
  readonly id: number
  /**
   * Text that can be shown now: empty while a character is not complete or a stop string may have begun. The texts
   * of all tokens are the continuation. Empty for a model without tokenizer.
   */
  readonly text: string
  /** Natural logarithm of its probability before temperature and the other options; if asked for. */
  readonly logprob?: number | undefined
  /** The likeliest tokens and theirs; if asked for. */
  readonly topLogprobs?: readonly TokenLogprob[] | undefined
  /** On the last token: an end token or stop string came, or `maxTokens` was reached. */
  readonly finishReason?: 'stop' | 'length' | undefined
}

/**
 * Continues a prompt, token by token.
 * @throws ShapeError if the prompt is empty or has ids outside the vocabulary, or the state is another model's
 * @throws ConfigError if an option makes no sense, or text is given to a model without tokenizer
 * @throws the signal's reason if it was aborted
 */
export async function* generate(
  model: Model,
  prompt: string | readonly number[],
  options: GenerateOptions = {},
): AsyncGenerator<GeneratedToken, void> {
  const { maxTokens, stop, stopIds, logprobs, chunkSize, onPromptProgress, signal, ...rest } = checked(
    model,
    options,
  )
  const settings = resolveSampling({ ...model.generationDefaults.sampling, ...given(rest) })
  const ids = promptIds(model, prompt, options.state)
  options.state?.expectFits(model, 1)
  const state = options.state ?? model.createState()
  const text = model.tokenizer?.decodeStream()
  const matcher = new StopMatcher(stop)
  let logits: Tensor | undefined
  let decoder: Decoder | undefined
  let yielded = 0
  try {
    logits = await prefill(model, ids, { state, chunkSize, onProgress: onPromptProgress, signal })
    const wantsLogits = logprobs !== undefined
    const keepsState = options.state !== undefined
    decoder = new Decoder({ model, state, prompt: ids, logits, settings, maxTokens, wantsLogits, keepsState })
    for (;;) {
      signal?.throwIfAborted()
      const decoded = await decoder.next()
      const { id } = decoded
      const likelihoods =
        logprobs === undefined ? undefined : await logprobsOf(decoded.logits!, id, logprobs, model.vocabSize)
      const ended = stopIds.includes(id)
      const isLast = ended || yielded + 1 === maxTokens
      const shown = take(
        matcher,
        ended ? '' : (text?.push(id) ?? ''),
        isLast ? (text?.end() ?? '') : undefined,
      )
      const finishReason = ended || shown.stopped ? 'stop' : isLast ? 'length' : undefined
      yielded++
      yield { id, text: shown.text, ...likelihoods, finishReason }
      if (finishReason) return
      await breathe()
    }
  } finally {
    // Also when the consumer stops early: the state has then read what was yielded.
    if (options.state) decoder?.settle(yielded)
    else state.destroy()
    decoder?.destroy()
    logits?.destroy()
  }
}

function checked(model: Model, options: GenerateOptions) {
  const {
    maxTokens = 256,
    stop = [],
    stopIds = model.generationDefaults.stopIds,
    logprobs,
    chunkSize,
  } = options
  expectCount('generate', 'maxTokens', maxTokens, 1)
  if (chunkSize !== undefined) expectCount('generate', 'chunkSize', chunkSize, 1)
  if (logprobs !== undefined) expectCount('generate', 'logprobs', logprobs, 0)
  if (!Array.isArray(stop) || stop.some((text) => typeof text !== 'string')) {
    throw new ConfigError(`generate: stop is ${JSON.stringify(stop)}; expected a list of strings`)
  }
  if (!Array.isArray(stopIds)) {
    throw new ConfigError(`generate: stopIds is ${JSON.stringify(stopIds)}; expected a list of ids`)
  }
  for (const id of stopIds) expectCount('generate', 'stopIds', id, 0)
  if (stop.includes(''))
    throw new ConfigError('generate: stop contains an empty string, which would end every text')
  if (stop.length > 0 && !model.tokenizer) {
    throw new ConfigError('generate: stop needs text, and the model has no tokenizer; use stopIds')
  }
  return { ...options, maxTokens, stop, stopIds, logprobs, chunkSize }
}

/** Without the options that are undefined, which must not hide the checkpoint's. */
function given<Options extends object>(options: Options): Partial<Options> {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as Partial<Options>
}

function promptIds(
  model: Model,
  prompt: string | readonly number[],
  state: State | undefined,
): readonly number[] {
  if (typeof prompt !== 'string') return prompt
  if (!model.tokenizer) {
    throw new ConfigError('generate: the model has no tokenizer.json beside it; give the prompt as ids')
  }
  if (prompt === '') return []
  return model.tokenizer.encode(prompt, { addSpecialTokens: !state || state.position === 0 })
}

/**
 * Text that can be shown.
 * @param rest what follows the piece, if no more comes after it
 */
function take(
  matcher: StopMatcher,
  piece: string,
  rest: string | undefined,
): { text: string; stopped: boolean } {
  const matched = matcher.push(piece)
  if (matched.stopped || rest === undefined) return matched
  const last = matcher.push(rest)
  return { text: matched.text + last.text + matcher.end(), stopped: last.stopped }
}
