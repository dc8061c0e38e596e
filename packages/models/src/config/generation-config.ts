import type { SamplingOptions } from '@mamba/core'
import { ConfigReader } from './config-reader.ts'

/** What a checkpoint suggests for generation. */
export interface GenerationDefaults {
  /** Options that its authors recommend. */
  readonly sampling: SamplingOptions
  /** Ids that end a text. */
  readonly stopIds: readonly number[]
}

type Json = Readonly<Record<string, unknown>>

/**
 * Reads `generation_config.json`, and from `config.json` the end token where the first does not say.
 * @param generation parsed; undefined if there is no such file
 * @param config parsed config.json
 * @param tokenizerEnd the tokenizer's end token, for configurations that name none
 * @throws ConfigError
 */
export function readGenerationDefaults(
  generation: Json | undefined,
  config: Json,
  tokenizerEnd: number | undefined,
): GenerationDefaults {
  const reader = new ConfigReader(generation ?? {}, 'generation_config.json')
  const end = generation?.eos_token_id ?? config.eos_token_id ?? tokenizerEnd
  const stopIds = [end].flat().filter((id): id is number => Number.isInteger(id))
  // Without do_sample transformers decodes greedily, whatever else the file says.
  if (!reader.boolean('do_sample', false)) return { sampling: {}, stopIds }
  const number = (key: string) => (reader.has(key) ? reader.number(key) : undefined)
  const options = {
    temperature: number('temperature'),
    topK: number('top_k'),
    topP: number('top_p'),
    minP: number('min_p'),
    repetitionPenalty: number('repetition_penalty'),
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return { sampling: Object.fromEntries(given), stopIds }
}
