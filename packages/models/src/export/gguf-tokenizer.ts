import { ConfigError } from '@mamba/core'
import type { GgufValue } from '../checkpoint/formats/gguf/write-gguf.ts'
import { quote } from '../checkpoint/index.ts'
import { type JsonObject, objectAt } from '../tokenizer/fields.ts'
import type { TokenizerFiles } from '../tokenizer/index.ts'
import { readTokenizerConfig } from '../tokenizer/tokenizer-config.ts'
import { readVocabulary } from '../tokenizer/vocabulary.ts'

type Keys = Record<string, GgufValue>

/** Kinds of tokens (llama.h, `enum llama_token_type`). */
const tokenTypes = { normal: 1, control: 3, userDefined: 4, unused: 5 } as const
const file = 'tokenizer.json'

/** What a text begins and ends with where tokenizer_config.json does not say. */
interface EndTokens {
  readonly bos?: number | undefined
  readonly eos?: number | undefined
}

/**
 * The tokenizer's keys of a GGUF file: byte-level BPE with GPT-2's pattern, which llama.cpp calls `gpt2`.
 * @param rows of the model's embedding; ids without a token become unused ones, as llama.cpp has a token for every row
 * @throws ConfigError if the tokenizer is of another kind; CheckpointError if it is damaged
 */
export function ggufTokenizer({ tokenizer, config }: TokenizerFiles, rows: number, ends: EndTokens): Keys {
  const json = objectAt(tokenizer, file)
  const { tokens, ids, specialIds, model, addedTokens } = readVocabulary(json, rows, file)
  expectGpt2(json, model)
  const { bosToken, eosToken, addsBosToken } = readTokenizerConfig(config)
  const special = new Set(specialIds)
  const added = new Set(addedTokens.map(({ id }) => id))
  const typeOf = (id: number) => {
    if (tokens[id] === undefined) return tokenTypes.unused
    if (special.has(id)) return tokenTypes.control
    return added.has(id) ? tokenTypes.userDefined : tokenTypes.normal
  }
  return keys({
    tokens: Array.from({ length: rows }, (_, id) => tokens[id] ?? `[PAD${id}]`),
    types: Array.from({ length: rows }, (_, id) => typeOf(id)),
    merges: (model.merges as [string, string][]).map((pair) => pair.join(' ')),
    bos: bosToken === undefined ? ends.bos : ids.get(bosToken),
    eos: eosToken === undefined ? ends.eos : ids.get(eosToken),
    addsBos: addsBosToken,
  })
}

/** The keys of a tokenizer for a model that has none: token i is written `[i]`. llama.cpp loads no model without. */
export function placeholderTokenizer(rows: number, { bos = 0, eos = 0 }: EndTokens): Keys {
  const tokens = Array.from({ length: rows }, (_, id) => `[${id}]`)
  const types = tokens.map((_, id) => (id === bos || id === eos ? tokenTypes.control : tokenTypes.normal))
  return keys({ tokens, types, merges: [], bos, eos, addsBos: false })
}

function keys({
  tokens,
  types,
  merges,
  bos,
  eos,
  addsBos,
}: {
  readonly tokens: readonly string[]
  readonly types: readonly number[]
  readonly merges: readonly string[]
  readonly bos: number | undefined
  readonly eos: number | undefined
  readonly addsBos: boolean
}): Keys {
  return {
    'tokenizer.ggml.model': { string: 'gpt2' },
    'tokenizer.ggml.pre': { string: 'gpt-2' },
    'tokenizer.ggml.tokens': { strings: tokens },
    'tokenizer.ggml.token_type': { i32s: types },
    'tokenizer.ggml.merges': { strings: merges },
    ...(bos !== undefined && { 'tokenizer.ggml.bos_token_id': { u32: bos } }),
    ...(eos !== undefined && { 'tokenizer.ggml.eos_token_id': { u32: eos } }),
    'tokenizer.ggml.add_bos_token': { bool: addsBos },
  }
}

/**
 * Refuses what llama.cpp would split differently. It does not normalise, which matters only for characters that NFC
 * composes.
 */
function expectGpt2(json: JsonObject, model: JsonObject): void {
  const fail = (what: string, value: unknown, expected: string) =>
    new ConfigError(
      `exportGguf: ${file}: ${what} is ${quote(value)}; only ${expected} can be written to GGUF`,
    )
  const normalizer = (json.normalizer ?? undefined) as { type?: unknown } | undefined
  if (normalizer !== undefined && normalizer.type !== 'NFC')
    throw fail('normalizer', normalizer, 'NFC or none')
  const {
    type,
    use_regex: usesRegex = true,
    add_prefix_space: addsSpace = false,
  } = (json.pre_tokenizer ?? {}) as JsonObject
  if (type !== 'ByteLevel' || usesRegex !== true || addsSpace !== false) {
    throw fail('pre_tokenizer', json.pre_tokenizer, "ByteLevel with GPT-2's pattern and no added space")
  }
  if (model.byte_fallback === true || model.ignore_merges === true) {
    throw fail(
      'model',
      { byte_fallback: model.byte_fallback, ignore_merges: model.ignore_merges },
      'plain BPE',
    )
  }
}
