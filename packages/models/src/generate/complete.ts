import type { Model } from '../model/model.ts'
import { type GeneratedToken, type GenerateOptions, generate } from './generate.ts'

/** A whole continuation. */
export interface Completion {
  readonly text: string
  readonly ids: readonly number[]
  readonly finishReason: 'stop' | 'length'
}

/**
 * Continues a prompt and returns the whole continuation.
 * @param options.onToken called with each token as it comes
 * @throws as {@link generate}
 */
export async function complete(
  model: Model,
  prompt: string | readonly number[],
  { onToken, ...options }: GenerateOptions & { readonly onToken?: (token: GeneratedToken) => void } = {},
): Promise<Completion> {
  let text = ''
  const ids: number[] = []
  let finishReason: Completion['finishReason'] = 'length'
  for await (const token of generate(model, prompt, options)) {
    text += token.text
    ids.push(token.id)
    finishReason = token.finishReason ?? finishReason
    onToken?.(token)
  }
  return { text, ids, finishReason }
}
