import { flagAt, objectAt, textAt } from './fields.ts'

/** What of tokenizer_config.json matters here. */
export interface TokenizerConfig {
  readonly bosToken: string | undefined
  readonly eosToken: string | undefined
  /** Whether every text begins with {@link bosToken}. */
  readonly addsBosToken: boolean
}

/**
 * Reads tokenizer_config.json.
 * @param value the parsed file; undefined where there is none
 * @throws CheckpointError if a field is of the wrong kind
 */
export function readTokenizerConfig(value: unknown): TokenizerConfig {
  const where = 'tokenizer_config.json'
  const json = objectAt(value ?? {}, where)
  return {
    bosToken: specialToken(json.bos_token, `${where}: bos_token`),
    eosToken: specialToken(json.eos_token, `${where}: eos_token`),
    addsBosToken: flagAt(json.add_bos_token, `${where}: add_bos_token`, false),
  }
}

/** A special token is given by its text, or by an object that has it as `content`. */
function specialToken(value: unknown, where: string): string | undefined {
  if (value === undefined || value === null) {
    return undefined
  }
  return typeof value === 'string'
    ? textAt(value, where)
    : textAt(objectAt(value, where).content, `${where}.content`)
}
