import { readFileSync } from 'node:fs'
import { fixturePath } from '@mamba/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createTokenizer } from './tokenizer.ts'

const readJson = (path: string) => JSON.parse(readFileSync(path, 'utf8'))
const stories = createTokenizer({
  tokenizer: readJson(fixturePath('..', 'packages', 'stories', 'data', 'tokenizer.json')),
})
const [llama3, , mistral, llama2] = readJson(fixturePath('tokenizers', 'rust', 'cases.json')).tokenizers.map(
  (golden: { tokenizer: unknown }) => createTokenizer({ tokenizer: golden.tokenizer }),
) as (typeof stories)[]

describe.each([
  ['stories (bytes)', stories],
  ['like Llama 3 (bytes)', llama3!],
  ['like Mistral (byte tokens, leading space stripped)', mistral!],
  ['like Llama 2 (byte tokens, leading space stripped)', llama2!],
])('decodeStream, %s:', (_, tokenizer) => {
  // The first 300 ids hold the byte tokens, and so the incomplete characters.
  const id = fc.oneof(fc.nat(299), fc.nat(tokenizer.vocabSize + 5))
  const ids = fc.oneof(
    fc.array(id, { maxLength: 40 }),
    fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => tokenizer.encode(text)),
  )

  test('all pushes and the end, joined, are the decoded text', () => {
    fc.assert(
      fc.property(ids, fc.boolean(), (list, skipSpecialTokens) => {
        const stream = tokenizer.decodeStream({ skipSpecialTokens })
        const text = list.map((one) => stream.push(one)).join('') + stream.end()
        expect(text).toBe(tokenizer.decode(list, { skipSpecialTokens }))
      }),
      { numRuns: 500 },
    )
  })

  test('nothing is printed that a decoder of the ids so far would not print', () => {
    fc.assert(
      fc.property(ids, (list) => {
        const stream = tokenizer.decodeStream()
        let printed = ''
        list.forEach((one, i) => {
          printed += stream.push(one)
          expect(tokenizer.decode(list.slice(0, i + 1)).startsWith(printed)).toBe(true)
        })
      }),
      { numRuns: 200 },
    )
  })

  test('no half character is printed of whole text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), (text) => {
        fc.pre(!/\p{Surrogate}|\ufffd/u.test(text))
        const stream = tokenizer.decodeStream()
        for (const one of tokenizer.encode(text)) {
          expect(stream.push(one)).not.toMatch(/\p{Surrogate}|\ufffd/u)
        }
      }),
      { numRuns: 200 },
    )
  })
})

describe('decodeStream', () => {
  test('prints a character with its last byte, and holds back no more than that', () => {
    const bytes = ['ð', 'Ł', 'ĺ', 'Ģ'].map((char) => stories.idOf(char)!)
    const stream = stories.decodeStream()
    expect([...bytes, stories.idOf('a')!].map((id) => stream.push(id))).toEqual(['', '', '', '😀', 'a'])
  })

  test('prints U+FFFD once no later byte can complete the character', () => {
    const stream = stories.decodeStream()
    expect(stream.push(stories.idOf('ð')!)).toBe('')
    expect(stream.push(stories.idOf('a')!)).toBe('\ufffda')
    expect(stream.push(stories.idOf('ð')!)).toBe('')
    expect(stream.end()).toBe('\ufffd')
  })

  test('holds a run of byte tokens until it is over, as an invalid byte later would change all of it', () => {
    const [e2, c3, a9] = [0xe2, 0xc3, 0xa9].map(
      (byte) => mistral!.idOf(`<0x${byte.toString(16).toUpperCase()}>`)!,
    )
    const valid = mistral!.decodeStream()
    expect([c3!, a9!, mistral!.idOf('a')!].map((id) => valid.push(id)).join('|')).toBe('||éa')
    const invalid = mistral!.decodeStream()
    expect([c3!, a9!, e2!].map((id) => invalid.push(id)).join('|')).toBe('||')
    expect(invalid.end()).toBe('\ufffd\ufffd\ufffd')
  })

  test('keeps a byte-order mark', () => {
    expect(stories.decode(stories.encode('\ufeffa'))).toBe('\ufeffa')
  })
})
