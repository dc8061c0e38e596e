import type { GenerateOptions, Model } from '@mamba/models'

/** A continuation and how fast it came. */
export interface TimedGeneration {
  readonly text: string
  readonly ids: readonly number[]
  readonly finishReason: 'stop' | 'length' | 'interrupted'
  /** Tokens of the prompt that were read. */
  readonly promptTokens: number
  readonly timing: Timing
}

/** Durations in ms and rates in tokens per second; null if there was too little to measure. */
interface Timing {
  readonly promptMs: number | null
  readonly promptTokensPerSecond: number | null
  readonly decodeMs: number | null
  readonly decodeTokensPerSecond: number | null
}

/**
 * Generates, and measures. An abort by `signal` ends the text early and is not an error.
 * @param onText called with the text of each token, as it comes
 * @throws as `model.generate`
 */
export async function timedGeneration(
  model: Model,
  prompt: string,
  options: GenerateOptions & { readonly signal: AbortSignal },
  onText: (text: string) => void,
): Promise<TimedGeneration> {
  const start = performance.now()
  let promptEnd: number | undefined
  let promptTokens = 0
  let end = start
  const ids: number[] = []
  let text = ''
  let finishReason: TimedGeneration['finishReason'] = 'interrupted'
  const onPromptProgress: GenerateOptions['onPromptProgress'] = (progress) => {
    promptTokens = progress.read
    if (progress.read === progress.total) promptEnd = performance.now()
    options.onPromptProgress?.(progress)
  }
  try {
    for await (const token of model.generate(prompt, { ...options, onPromptProgress })) {
      end = performance.now()
      ids.push(token.id)
      text += token.text
      finishReason = token.finishReason ?? finishReason
      onText(token.text)
    }
  } catch (error) {
    if (!options.signal.aborted || error !== options.signal.reason) throw error
  }
  const promptMs = promptEnd === undefined ? null : promptEnd - start
  // The first token needs no pass of its own: the prompt's gives its logits.
  const passes = ids.length - 1
  const decodeMs = promptEnd === undefined || passes < 1 ? null : end - promptEnd
  return {
    text,
    ids,
    finishReason,
    promptTokens,
    timing: {
      promptMs,
      promptTokensPerSecond: perSecond(promptTokens, promptMs),
      decodeMs,
      decodeTokensPerSecond: perSecond(passes, decodeMs),
    },
  }
}

function perSecond(count: number, ms: number | null): number | null {
  return ms === null || ms === 0 ? null : (count / ms) * 1000
}
