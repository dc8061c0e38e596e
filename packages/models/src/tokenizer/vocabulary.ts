import { CheckpointError } from '@mamba/core'
import { countAt, flagAt, type JsonObject, listAt, objectAt, textAt } from './fields.ts'

/** A token that is found in the text before BPE sees it. */
interface AddedToken {
  readonly id: number
  readonly content: string
  /** Whether it is left out when text is decoded with `skipSpecialTokens`. */
  readonly special: boolean
}

/** The checked fields `model` and `added_tokens` of tokenizer.json. */
export interface Vocabulary {
  /** Token by id; with holes where an id is unused. */
  readonly tokens: readonly (string | undefined)[]
  readonly ids: ReadonlyMap<string, number>
  readonly specialIds: readonly number[]
  /** The two fields for `@huggingface/tokenizers`. */
  readonly model: JsonObject
  readonly addedTokens: readonly JsonObject[]
}

/**
 * Reads the tokens of a BPE tokenizer.
 *
 * @param root the parsed tokenizer.json
 * @param rows rows of the model's embedding; added tokens from there on are left out, as the model cannot
 *   read them (some files list tokens of other programs)
 * @throws CheckpointError if a field is missing or of the wrong kind, an id is used twice, a merge joins or
 *   makes something that is not in the vocabulary, the model is not BPE, or the vocabulary exceeds `rows`
 */
export function readVocabulary(root: JsonObject, rows: number, file: string): Vocabulary {
  const where = `${file}: model`
  const model = objectAt(root.model, where)
  if (model.type !== undefined && model.type !== 'BPE') {
    throw new CheckpointError(`${where}.type is ${JSON.stringify(model.type)}; only BPE is supported`)
  }
  const ids = readIds(model, where)
  const merges = readMerges(model, ids, where)
  refuseAffixes(model, where)

  const tokens: (string | undefined)[] = []
  for (const [token, id] of ids) {
    claim(tokens, id, token, rows, `${where}.vocab`)
  }
  const kept = readAddedTokens(root, file).filter(({ token }) => token.id < rows)
  for (const { token } of kept) {
    const claimed = ids.get(token.content)
    if (claimed !== undefined && claimed !== token.id) {
      throw new CheckpointError(
        `${file}: added_tokens gives ${JSON.stringify(token.content)} the id ${token.id}; the vocabulary has it as ${claimed}`,
      )
    }
    claim(tokens, token.id, token.content, rows, `${file}: added_tokens`)
    ids.set(token.content, token.id)
  }
  const unknown = model.unk_token ?? null
  if (unknown !== null && !ids.has(textAt(unknown, `${where}.unk_token`))) {
    throw new CheckpointError(
      `${where}.unk_token is ${JSON.stringify(unknown)}, which is not in the vocabulary`,
    )
  }
  return {
    tokens,
    ids,
    specialIds: kept.filter(({ token }) => token.special).map(({ token }) => token.id),
    model: {
      type: 'BPE',
      vocab: model.vocab,
      merges,
      unk_token: unknown,
      fuse_unk: flagAt(model.fuse_unk, `${where}.fuse_unk`, false),
      byte_fallback: flagAt(model.byte_fallback, `${where}.byte_fallback`, false),
      ignore_merges: flagAt(model.ignore_merges, `${where}.ignore_merges`, false),
    },
    addedTokens: kept.map(({ json }) => json),
  }
}

function readIds(model: JsonObject, where: string): Map<string, number> {
  const entries = Object.entries(objectAt(model.vocab, `${where}.vocab`))
  if (entries.length === 0) {
    throw new CheckpointError(`${where}.vocab is empty; expected the id of every token: get the file again`)
  }
  return new Map(
    entries.map(([token, id]) => [token, countAt(id, `${where}.vocab[${JSON.stringify(token)}]`)]),
  )
}

/** Merges are pairs, or strings with one space between the two; a pair and its union must be tokens. */
function readMerges(model: JsonObject, ids: ReadonlyMap<string, number>, where: string): [string, string][] {
  return listAt(model.merges, `${where}.merges`).map((merge, i) => {
    const pair = typeof merge === 'string' ? merge.split(' ') : merge
    if (!Array.isArray(pair) || pair.length !== 2) {
      throw new CheckpointError(`${where}.merges[${i}] is ${JSON.stringify(merge)}; expected two tokens`)
    }
    const left = textAt(pair[0], `${where}.merges[${i}][0]`)
    const right = textAt(pair[1], `${where}.merges[${i}][1]`)
    const absent = [left, right, left + right].find((token) => !ids.has(token))
    if (absent !== undefined) {
      throw new CheckpointError(
        `${where}.merges[${i}] needs ${JSON.stringify(absent)}, which is not in the vocabulary`,
      )
    }
    return [left, right]
  })
}

function readAddedTokens(root: JsonObject, file: string): { token: AddedToken; json: JsonObject }[] {
  return listAt(root.added_tokens ?? [], `${file}: added_tokens`).map((item, i) => {
    const where = `${file}: added_tokens[${i}]`
    const json = objectAt(item, where)
    if (flagAt(json.single_word, `${where}.single_word`, false)) {
      throw new CheckpointError(
        `${where}.single_word is true; tokens that match whole words only are not supported`,
      )
    }
    const token = {
      id: countAt(json.id, `${where}.id`),
      content: textAt(json.content, `${where}.content`),
      special: flagAt(json.special, `${where}.special`, false),
    }
    return { token, json }
  })
}

/** BPE with marks for the inside or the end of words is of no Mamba checkpoint, and needs its own decoder. */
function refuseAffixes(model: JsonObject, where: string): void {
  for (const key of ['continuing_subword_prefix', 'end_of_word_suffix']) {
    if ((model[key] ?? '') !== '') {
      throw new CheckpointError(`${where}.${key} is ${JSON.stringify(model[key])}; it is not supported`)
    }
  }
}

function claim(tokens: (string | undefined)[], id: number, token: string, rows: number, where: string): void {
  if (id >= rows) {
    throw new CheckpointError(
      `${where} gives ${JSON.stringify(token)} the id ${id}; the model's embedding has ${rows} rows: ` +
        'the tokenizer belongs to another model',
    )
  }
  const other = tokens[id]
  if (other !== undefined && other !== token) {
    throw new CheckpointError(
      `${where} gives the id ${id} to ${JSON.stringify(other)} and ${JSON.stringify(token)}`,
    )
  }
  tokens[id] = token
}
