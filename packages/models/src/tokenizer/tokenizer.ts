import { CheckpointError, MambaError } from '@mamba/core'
import { createDecoder } from './decoder.ts'
import { type JsonObject, objectAt } from './fields.ts'
import { type LibraryTokenizer, library } from './library.ts'
import { checkNormalizer } from './normalizer.ts'
import { readSurroundingIds } from './post-processor.ts'
import { createPreTokenizer } from './pre-tokenizer.ts'
import { createTokenStream, type TokenStream } from './token-stream.ts'
import { readTokenizerConfig, type TokenizerConfig } from './tokenizer-config.ts'
import { readVocabulary, type Vocabulary } from './vocabulary.ts'

/** The files of a tokenizer, parsed. */
export interface TokenizerFiles {
  /** tokenizer.json */
  readonly tokenizer: unknown
  /** tokenizer_config.json, where there is one. */
  readonly config?: unknown
}

export interface TokenizerOptions {
  /** Rows of the model's embedding: added tokens from there on are left out. Default: all tokens are kept. */
  readonly vocabSize?: number
}

export interface EncodeOptions {
  /** Whether to put the beginning-of-text token, and what else the tokenizer asks for, around the text. Default true. */
  readonly addSpecialTokens?: boolean
}

export interface DecodeOptions {
  /** Whether special tokens are left out of the text. Default true. */
  readonly skipSpecialTokens?: boolean
}

/** Text to ids and back, with the results of the Rust library `tokenizers`. */
export interface Tokenizer {
  /** One more than the largest id: logits from there on belong to no token. */
  readonly vocabSize: number
  readonly bosTokenId: number | undefined
  readonly eosTokenId: number | undefined
  /** Ids that {@link decode} leaves out by default. */
  readonly specialTokenIds: readonly number[]
  /** Special tokens written out in the text (`<|endoftext|>`) become their ids. */
  encode(text: string, options?: EncodeOptions): number[]
  /** Ids without a token, such as those of a padded vocabulary, have no text. */
  decode(ids: Iterable<number>, options?: DecodeOptions): string
  /** Decodes ids that come one at a time: see {@link TokenStream}. */
  decodeStream(options?: DecodeOptions): TokenStream
  tokenOf(id: number): string | undefined
  idOf(token: string): number | undefined
}

const FILE = 'tokenizer.json'

/**
 * Makes a tokenizer of the files of a checkpoint. Supported is what Mamba checkpoints use: BPE, with the
 * normalizers, pre-tokenizers, post-processors and decoders that the messages of the errors list.
 *
 * Known differences from the Rust library, all in corners: an added token with
 * `lstrip` or `rstrip` beside another added token or U+FEFF; Metaspace's scheme 'first' where the text begins with
 * an added token that is normalised; characters that only one side's Unicode version knows, in NFC.
 *
 * The beginning-of-text token is put before the text if the post-processor or `add_bos_token` says so.
 * `truncation`, `padding` and `clean_up_tokenization_spaces` of the files are ignored.
 *
 * @throws CheckpointError, naming the file and the field, if something is missing, damaged or not supported
 */
export function createTokenizer(
  files: TokenizerFiles,
  { vocabSize: rows = Number.POSITIVE_INFINITY }: TokenizerOptions = {},
): Tokenizer {
  try {
    const json = objectAt(files.tokenizer, FILE)
    return assemble(json, readTokenizerConfig(files.config), rows)
  } catch (cause) {
    if (MambaError.is(cause)) {
      throw cause
    }
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new CheckpointError(`${FILE} cannot be used: ${reason}`, { cause })
  }
}

function assemble(json: JsonObject, config: TokenizerConfig, rows: number): Tokenizer {
  const vocabulary = readVocabulary(json, rows, FILE)
  const { tokens, ids, specialIds } = vocabulary
  const bpe = createBpe(json, vocabulary)
  const bosTokenId = config.bosToken === undefined ? undefined : ids.get(config.bosToken)
  const around = readSurroundingIds(json.post_processor, `${FILE}: post_processor`)
  const absent = [...around.before, ...around.after].find((id) => tokens[id] === undefined)
  if (absent !== undefined) {
    throw new CheckpointError(`${FILE}: post_processor adds the id ${absent}, which no token has`)
  }
  const before = config.addsBosToken ? withBos(around.before, bosTokenId, config) : around.before
  const decoder = createDecoder(json.decoder, `${FILE}: decoder`)
  const special = new Set(specialIds)

  const decodeStream = ({ skipSpecialTokens = true }: DecodeOptions = {}) =>
    createTokenStream(decoder, (id) => (skipSpecialTokens && special.has(id) ? undefined : tokens[id]))

  return {
    vocabSize: tokens.length,
    bosTokenId,
    eosTokenId: config.eosToken === undefined ? undefined : ids.get(config.eosToken),
    specialTokenIds: specialIds,
    encode(text, { addSpecialTokens = true } = {}) {
      const inner = text === '' ? [] : bpe.encode(text).ids
      return addSpecialTokens ? [...before, ...inner, ...around.after] : inner
    },
    decode(ids, options) {
      const stream = decodeStream(options)
      let text = ''
      for (const id of ids) {
        text += stream.push(id)
      }
      return text + stream.end()
    },
    decodeStream,
    tokenOf: (id) => tokens[id],
    idOf: (token) => ids.get(token),
  }
}

/** The library finds added tokens, normalises and merges; pre-tokenizers, decoders and post-processors are ours. */
function createBpe(json: JsonObject, { model, addedTokens }: Vocabulary): LibraryTokenizer {
  const fields = {
    model,
    added_tokens: addedTokens,
    normalizer: checkNormalizer(json.normalizer, `${FILE}: normalizer`),
    pre_tokenizer: null,
    post_processor: null,
    decoder: null,
  }
  const bpe = new library.Tokenizer(fields, {})
  const preTokenize = createPreTokenizer(json.pre_tokenizer, `${FILE}: pre_tokenizer`)
  bpe.pre_tokenizer = (text, { section_index }) => preTokenize(text, section_index === 0)
  return bpe
}

function withBos(
  before: readonly number[],
  bosTokenId: number | undefined,
  config: TokenizerConfig,
): readonly number[] {
  if (bosTokenId === undefined) {
    throw new CheckpointError(
      `tokenizer_config.json: add_bos_token is true, but bos_token is ${JSON.stringify(config.bosToken) ?? 'missing'}` +
        `${config.bosToken === undefined ? '' : ', which is no token of tokenizer.json'}`,
    )
  }
  return before[0] === bosTokenId ? before : [bosTokenId, ...before]
}
