import { readFileSync } from 'node:fs'
import { fixturePath } from '@mamba/testing'
import { describe, expect, test } from 'vitest'
import { createDecoder } from './decoder.ts'
import { createPreTokenizer } from './pre-tokenizer.ts'
import { createTokenStream } from './token-stream.ts'
import { createTokenizer } from './tokenizer.ts'

/** Written by fixtures/tokenizers/make-cases.py. */
interface RustCases {
  readonly preTokenizers: { json: unknown; cases: { text: string; pieces: string[] }[] }[]
  readonly decoders: { json: unknown; cases: { tokens: string[]; text: string }[] }[]
  readonly tokenizers: {
    tokenizer: unknown
    encoded: { text: string; ids: number[] }[]
    decoded: { ids: number[]; text: string; withSpecial: string }[]
  }[]
}

const path = fixturePath('tokenizers', 'rust', 'cases.json')
const goldens: RustCases = JSON.parse(readFileSync(path, 'utf8'))

describe('a pre-tokenizer cuts text as the Rust library does:', () => {
  test.each(goldens.preTokenizers.map((golden) => [JSON.stringify(golden.json), golden] as const))(
    '%s',
    (_, golden) => {
      const preTokenize = createPreTokenizer(golden.json, 'pre_tokenizer')
      for (const { text, pieces } of golden.cases) {
        expect(preTokenize(text, true), JSON.stringify(text)).toEqual(pieces)
      }
    },
  )
})

describe('a decoder makes the text that the Rust library makes:', () => {
  test.each(goldens.decoders.map((golden) => [JSON.stringify(golden.json), golden] as const))(
    '%s',
    (_, golden) => {
      for (const { tokens, text } of golden.cases) {
        const stream = createTokenStream(createDecoder(golden.json, 'decoder'), (id) => tokens[id])
        const pushed = tokens.map((_, id) => stream.push(id)).join('')
        expect(pushed + stream.end(), JSON.stringify(tokens)).toBe(text)
      }
    },
  )
})

describe('a tokenizer gives the ids and the text of the Rust library:', () => {
  const named = ['like Llama 3', 'like Falcon', 'like Mistral', 'like Llama 2', 'without a decoder']

  test.each(named.map((name, i) => [name, goldens.tokenizers[i]!] as const))('%s', (_, golden) => {
    const tokenizer = createTokenizer({ tokenizer: golden.tokenizer })
    for (const { text, ids } of golden.encoded) {
      expect(tokenizer.encode(text), JSON.stringify(text)).toEqual(ids)
    }
    for (const { ids, text, withSpecial } of golden.decoded) {
      expect(tokenizer.decode(ids)).toBe(text)
      expect(tokenizer.decode(ids, { skipSpecialTokens: false })).toBe(withSpecial)
    }
  })
})
