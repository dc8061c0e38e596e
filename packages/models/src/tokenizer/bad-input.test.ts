import { readFileSync } from 'node:fs'
import { MambaError } from '@mamba/core'
import { fixturePath, seededRandom } from '@mamba/testing'
import { describe, expect, test } from 'vitest'
import { createTokenizer } from './tokenizer.ts'

type Json = { [key: string]: unknown }

const { tokenizers }: { tokenizers: { tokenizer: Json }[] } = JSON.parse(
  readFileSync(fixturePath('tokenizers', 'rust', 'cases.json'), 'utf8'),
)
/** Byte tokens, Metaspace, a template with `<s>`, and the decoders Replace, ByteFallback, Fuse, Strip. */
const good = tokenizers[2]!.tokenizer

/** A copy of the good tokenizer.json with one value, at a path such as `model.merges.3`, replaced or left out. */
function damaged(path: string, value: unknown): Json {
  const copy = structuredClone(good)
  const keys = path.split('.')
  const last = keys.pop()!
  const parent = keys.reduce((node, key) => node[key] as Json, copy)
  if (value === undefined) {
    delete parent[last]
  } else {
    parent[last] = value
  }
  return copy
}

/** The error that bad files are refused with. */
function errorOf(files: { tokenizer: unknown; config?: unknown }, vocabSize?: number): MambaError {
  try {
    createTokenizer(files, vocabSize === undefined ? {} : { vocabSize })
  } catch (error) {
    if (MambaError.is(error, 'CheckpointError')) {
      return error
    }
    throw error
  }
  throw new Error('the damage was not noticed')
}

describe('createTokenizer refuses', () => {
  test.each([
    ['a list', [], 'tokenizer.json is []; expected an object'],
    ['null', null, 'tokenizer.json is null; expected an object'],
    ['a text', 'x', 'tokenizer.json is "x"; expected an object'],
  ])('%s in place of the file', (_, tokenizer, message) => {
    expect(errorOf({ tokenizer }).message).toContain(message)
  })

  test.each([
    ['a file without a model', 'model', undefined, 'tokenizer.json: model is missing; expected an object'],
    ['another kind of model', 'model.type', 'Unigram', 'model.type is "Unigram"; only BPE is supported'],
    ['a model without a vocabulary', 'model.vocab', undefined, 'model.vocab is missing'],
    ['an empty vocabulary', 'model.vocab', {}, 'model.vocab is empty'],
    ['a negative id', 'model.vocab.a', -1, 'model.vocab["a"] is -1'],
    ['a fractional id', 'model.vocab.a', 1.5, 'model.vocab["a"] is 1.5'],
    ['an id that is a string', 'model.vocab.a', '7', 'model.vocab["a"] is "7"'],
    ['an absurd id', 'model.vocab.a', 4e9, 'model.vocab["a"] is 4000000000'],
    ['an id that is used twice', 'model.vocab.a', 7, 'model.vocab gives the id 7 to'],
    ['a model without merges', 'model.merges', undefined, 'model.merges is missing'],
    ['a merge of one token', 'model.merges.3', ['a'], 'model.merges[3] is ["a"]; expected two tokens'],
    ['a merge of three tokens', 'model.merges.3', 'a b c', 'model.merges[3] is "a b c"; expected two tokens'],
    ['a merge of an unknown token', 'model.merges.3', ['a', 'qqq'], 'model.merges[3] needs "qqq"'],
    ['a merge into an unknown token', 'model.merges.3', ['?', '?'], 'model.merges[3] needs "??"'],
    ['an unknown unk_token', 'model.unk_token', 'qqq', 'model.unk_token is "qqq"'],
    ['a flag that is no boolean', 'model.byte_fallback', 'no', 'model.byte_fallback is "no"'],
    ['marks at the end of words', 'model.end_of_word_suffix', '</w>', 'model.end_of_word_suffix is "</w>"'],
    ['added tokens that are no list', 'added_tokens', {}, 'added_tokens is {}; expected a list'],
    ['an added token without text', 'added_tokens.0.content', '', 'added_tokens[0].content is ""'],
    ['an added token with another id', 'added_tokens.0.id', 5, 'the vocabulary has it as 0'],
    [
      'an added token with the id of another',
      'added_tokens.0.content',
      'qqq',
      'added_tokens gives the id 0 to',
    ],
    [
      'an added token for whole words',
      'added_tokens.0.single_word',
      true,
      'added_tokens[0].single_word is true',
    ],
    ['an unknown normalizer', 'normalizer', { type: 'Precompiled' }, 'normalizer.type is "Precompiled"'],
    ['a normalizer without pattern', 'normalizer', { type: 'Replace' }, 'normalizer.pattern is missing'],
    ['an unknown pre-tokenizer', 'pre_tokenizer', { type: 'Bert' }, 'pre_tokenizer.type is "Bert"'],
    [
      'an expression that does not compile',
      'pre_tokenizer',
      { type: 'Split', pattern: { Regex: '(' }, behavior: 'Isolated' },
      'pre_tokenizer.pattern.Regex cannot be expressed in JavaScript',
    ],
    [
      'an unknown split behaviour',
      'pre_tokenizer',
      { type: 'Split', pattern: { String: 'a' }, behavior: 'Sideways' },
      'pre_tokenizer.behavior is "Sideways"; supported: Removed',
    ],
    ['an unknown post-processor', 'post_processor', { type: 'Bert' }, 'post_processor.type is "Bert"'],
    [
      'a template with a token it does not define',
      'post_processor.special_tokens',
      {},
      'post_processor.special_tokens.<s> is missing',
    ],
    [
      'a template with an id that no token has',
      'post_processor.special_tokens.<s>.ids',
      [9999],
      'post_processor adds the id 9999',
    ],
    [
      'an unknown decoder',
      'decoder',
      { type: 'CTC' },
      'decoder.type is "CTC"; supported decoders: ByteLevel',
    ],
    ['an unknown decoder in a sequence', 'decoder.decoders.1.type', 'X', 'decoder.decoders[1].type is "X"'],
  ])('%s', (_, path, value, message) => {
    expect(errorOf({ tokenizer: damaged(path, value) }).message).toContain(message)
  })

  test('endless nesting', () => {
    let decoder: unknown = { type: 'Fuse' }
    for (let depth = 0; depth < 50_000; depth++) {
      decoder = { type: 'Sequence', decoders: [decoder] }
    }
    expect(errorOf({ tokenizer: { ...good, decoder } }).message).toContain('tokenizer.json cannot be used')
  })

  test('a vocabulary that is larger than the embedding', () => {
    expect(errorOf({ tokenizer: good }, 100).message).toContain("the model's embedding has 100 rows")
  })

  test.each([
    ['a list in place of it', [], 'tokenizer_config.json is []; expected an object'],
    ['a bos_token that is a number', { bos_token: 3 }, 'tokenizer_config.json: bos_token is 3'],
    [
      'an add_bos_token that is a text',
      { add_bos_token: 'yes' },
      'tokenizer_config.json: add_bos_token is "yes"',
    ],
    ['add_bos_token without bos_token', { add_bos_token: true }, 'bos_token is missing'],
    [
      'add_bos_token with an unknown bos_token',
      { add_bos_token: true, bos_token: 'qqq' },
      'bos_token is "qqq", which is no token of tokenizer.json',
    ],
  ])('tokenizer_config.json with %s', (_, config, message) => {
    expect(errorOf({ tokenizer: good, config }).message).toContain(message)
  })

  test('whatever else is damaged, with a CheckpointError or not at all', () => {
    const junk = [null, 0, -1, 1e30, '', 'x', true, [], {}, [[]], { type: 'Sequence' }]
    const random = seededRandom(1)
    const pick = <T>(list: readonly T[]) => list[random.integer(0, list.length - 1)]!
    for (let run = 0; run < 300; run++) {
      const paths: string[] = []
      let node: unknown = good
      while (typeof node === 'object' && node !== null && Object.keys(node).length > 0) {
        const key = pick(Object.keys(node).filter((name) => !name.includes('.')))
        paths.push([...paths.slice(-1), key].join('.'))
        node = (node as Json)[key]
      }
      try {
        const tokenizer = createTokenizer({ tokenizer: damaged(pick(paths), pick(junk)) })
        tokenizer.decode(tokenizer.encode('the cat <s> 12 é'))
      } catch (error) {
        expect(MambaError.is(error, 'CheckpointError'), String(error)).toBe(true)
      }
    }
  })
})
