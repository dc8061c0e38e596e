import { ShapeError } from '../errors.ts'
import type { ResolvedSampling } from './options.ts'

/** How often each id occurred so far; both (vocabulary). */
export interface TokenCounts {
  /** In the prompt. */
  readonly prompt: Int32Array
  /** Among the sampled ids. */
  readonly generated: Int32Array
}

/**
 * Lowers the logits of tokens that occurred, in place.
 *
 * The repetition penalty r looks at prompt and sampled ids, as in Hugging Face transformers; the frequency penalty
 * f and the presence penalty p look at sampled ids only, as in the API of OpenAI and in vLLM (llama.cpp also counts
 * the prompt). In this order, as in vLLM:
 *
 *   l ← l / r if l > 0, else l · r, where the id occurred;   l ← l − f · count − p, where it was sampled.
 *
 * @param logits (vocabulary)
 * @throws ShapeError if the counts are of another vocabulary
 */
export function applyPenalties(
  logits: Float64Array,
  { repetitionPenalty, presencePenalty, frequencyPenalty }: ResolvedSampling,
  { prompt, generated }: TokenCounts,
): void {
  const vocabulary = logits.length
  if (prompt.length !== vocabulary || generated.length !== vocabulary) {
    throw new ShapeError(
      `applyPenalties: counts are [${prompt.length}] (prompt) and [${generated.length}] (generated); ` +
        `expected [${vocabulary}], the size of the logits`,
    )
  }
  for (let id = 0; id < vocabulary; id++) {
    const count = generated[id]!
    if (count > 0 || prompt[id]! > 0) {
      logits[id] = logits[id]! > 0 ? logits[id]! / repetitionPenalty : logits[id]! * repetitionPenalty
    }
    if (count > 0) {
      logits[id]! -= frequencyPenalty * count + presencePenalty
    }
  }
}
