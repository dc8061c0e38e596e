import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { fixturePath } from '@mamba/testing'
import { describe, expect, test } from 'vitest'
import { createTokenizer } from './tokenizer.ts'

interface Case {
  readonly text: string
  readonly ids: readonly number[]
  readonly decoded: string
}

const readJson = (path: string) => JSON.parse(readFileSync(path, 'utf8'))

const neoxFiles = {
  tokenizer: JSON.parse(
    gunzipSync(readFileSync(fixturePath('tokenizers', 'gpt-neox-20b', 'tokenizer.json.gz'))).toString(),
  ),
}
// This copy lists four chat tokens from 50277 on, which belong to another model.
const neox = createTokenizer(neoxFiles, { vocabSize: 50_277 })

const storiesFolder = fixturePath('..', 'packages', 'stories', 'data')
const storiesFiles = {
  tokenizer: readJson(`${storiesFolder}/tokenizer.json`),
  config: readJson(`${storiesFolder}/tokenizer_config.json`),
}
const stories = createTokenizer(storiesFiles)

describe.each([
  {
    name: 'gpt-neox-20b',
    tokenizer: neox,
    cases: readJson(fixturePath('tokenizers', 'gpt-neox-20b', 'cases.json')) as Case[],
  },
  {
    name: 'stories',
    tokenizer: stories,
    cases: readJson(fixturePath('tokenizers', 'stories', 'tokenizer_cases.json')) as Case[],
  },
])('$name agrees with the Rust library', ({ tokenizer, cases }) => {
  test.each(cases)('on $text', ({ text, ids, decoded }) => {
    expect(tokenizer.encode(text, { addSpecialTokens: false })).toEqual(ids)
    expect(tokenizer.decode(ids, { skipSpecialTokens: false })).toBe(decoded)
  })
})

describe('createTokenizer', () => {
  test('knows the special tokens that tokenizer_config.json names', () => {
    expect(stories.bosTokenId).toBe(0)
    expect(stories.eosTokenId).toBe(0)
    expect(stories.specialTokenIds).toEqual([0])
    expect(neox.bosTokenId).toBeUndefined()
  })

  test('knows every token by id and every id by token', () => {
    expect(stories.vocabSize).toBe(4096)
    for (let id = 0; id < stories.vocabSize; id++) {
      expect(stories.idOf(stories.tokenOf(id)!)).toBe(id)
    }
    expect(stories.tokenOf(4096)).toBeUndefined()
    expect(stories.idOf('no such token')).toBeUndefined()
  })

  test('leaves out added tokens that the embedding has no row for', () => {
    expect(neox.vocabSize).toBe(50_277)
    expect(neox.encode('my assistant')).not.toContain(50_279)
    expect(createTokenizer(neoxFiles).encode('my assistant')).toContain(50_279)
  })

  test('accepts special tokens that are objects with their text as content', () => {
    const config = { bos_token: { content: '<|endoftext|>', special: true }, eos_token: null }
    const tokenizer = createTokenizer({ ...storiesFiles, config })
    expect(tokenizer.bosTokenId).toBe(0)
    expect(tokenizer.eosTokenId).toBeUndefined()
  })
})

describe('encode', () => {
  test('puts the beginning-of-text token first where add_bos_token says so', () => {
    expect(stories.encode('Once')[0]).toBe(0)
    expect(stories.encode('')).toEqual([0])
    expect(stories.encode('Once').slice(1)).toEqual(stories.encode('Once', { addSpecialTokens: false }))
    expect(neox.encode('')).toEqual([])
  })

  test('puts it only once where the post-processor does so too', () => {
    const post_processor = {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '<|endoftext|>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      special_tokens: { '<|endoftext|>': { id: '<|endoftext|>', ids: [0], tokens: ['<|endoftext|>'] } },
    }
    const tokenizer = createTokenizer({
      ...storiesFiles,
      tokenizer: { ...storiesFiles.tokenizer, post_processor },
    })
    expect(tokenizer.encode('Once')).toEqual(stories.encode('Once'))
  })

  test('takes U+FEFF for a symbol, unlike the white space of JavaScript', () => {
    expect(neox.encode(' \ufeff!')).toEqual([35_762, 2])
  })
})

describe('decode', () => {
  test('gives no text for no ids, for special tokens by default, and for ids that have no token', () => {
    expect(stories.decode([])).toBe('')
    expect(stories.decode([0])).toBe('')
    expect(stories.decode([0], { skipSpecialTokens: false })).toBe('<|endoftext|>')
    expect(stories.decode([4096, 1_000_000, -1, Number.NaN])).toBe('')
  })

  test('leaves spaces before punctuation alone', () => {
    expect(stories.decode(stories.encode("who ? I 'm here ."))).toBe("who ? I 'm here .")
  })
})
