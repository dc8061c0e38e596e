import type { Model } from '@mamba/models'

/** What one run does. */
export interface Workload {
  /** Tokens that are read first. */
  readonly promptLength: number
  /** Tokens that are computed one by one after that. */
  readonly tokens: number
  readonly signal: AbortSignal
}

/** Rates of one run, in tokens per second. */
export interface Speed {
  readonly prefillTokensPerSecond: number
  readonly decodeTokensPerSecond: number
}

/**
 * Reads a prompt and continues it greedily, as a user's program does: choosing the tokens and giving way to the event
 * loop between them is part of the time. The prefill ends when the first token is known.
 */
export async function measureSpeed(model: Model, { promptLength, tokens, signal }: Workload): Promise<Speed> {
  const start = performance.now()
  let promptEnd: number | undefined
  // The prompt's pass gives the first token, so one more is asked for.
  const options = { greedy: true, maxTokens: tokens + 1, stopIds: [], signal }
  for await (const _ of model.generate(promptIds(promptLength, model.vocabSize), options)) {
    promptEnd ??= performance.now()
  }
  return {
    prefillTokensPerSecond: perSecond(promptLength, promptEnd! - start),
    decodeTokensPerSecond: perSecond(tokens, performance.now() - promptEnd!),
  }
}

/** Ids from all over the vocabulary, the same each time, so that no row of the embedding stays in a cache. */
export function promptIds(length: number, vocabSize: number): number[] {
  return Array.from({ length }, (_, i) => Math.imul(i + 1, 0x9e3779b1) >>> 0).map((hash) => hash % vocabSize)
}

function perSecond(count: number, ms: number): number {
  return (count / ms) * 1000
}
