import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseJson } from './json.ts'

const parse = (text: string, nonFinite = false) =>
  parseJson(text, { fail: (message) => new Error(message), nonFinite })

test('reads what JSON.parse reads', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.nat(3), (value, indent) => {
      const text = JSON.stringify(value, undefined, indent)
      expect(parse(text)).toEqual(JSON.parse(text))
    }),
  )
})

test('refuses what JSON.parse refuses', () => {
  const tokens = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '1',
    '-',
    '0',
    '.5',
    'e3',
    'true',
    'null',
    ' ',
  )
  fc.assert(
    fc.property(fc.array(tokens, { maxLength: 8 }), (parts) => {
      const text = parts.join('')
      let valid = true
      try {
        JSON.parse(text)
      } catch {
        valid = false
      }
      // Our one deliberate difference.
      fc.pre(!valid || !/"a".*"a"/.test(text))
      if (valid) expect(parse(text)).toEqual(JSON.parse(text))
      else expect(() => parse(text)).toThrow('not valid JSON')
    }),
    { numRuns: 2000 },
  )
})

test('"__proto__" is a key like any other', () => {
  const value = parse('{"__proto__": {"polluted": 1}}') as Record<string, unknown>
  expect(Object.keys(value)).toEqual(['__proto__'])
  expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  expect('polluted' in value).toBe(false)
})

test('Infinity and NaN are numbers only where they are allowed', () => {
  expect(parse('[Infinity, -Infinity, NaN, "Infinity"]', true)).toEqual([
    Infinity,
    -Infinity,
    NaN,
    'Infinity',
  ])
  expect(() => parse('[Infinity]')).toThrow('line 1, column 2: expected a value, got "I"')
})

describe('says where it stopped:', () => {
  test.each([
    ['{"a": 1,\n "a": 2}', 'line 2, column 5: the key "a" appears twice'],
    ['{"a": 1,\n  b: 2}', 'line 2, column 3: expected a key in quotes, got "b"'],
    ['[1, 2', 'line 1, column 6: expected "," or "]", got the end'],
    ['{"a" 1}', 'line 1, column 6: expected ":", got "1"'],
    ['"abc', 'line 1, column 1: a string without an end'],
    ['"a\\', 'line 1, column 1: a string without an end'],
    ['"\\x"', 'line 1, column 1: a string with a control character or an unknown escape'],
    ['', 'line 1, column 1: expected a value, got the end'],
    ['1 2', 'line 1, column 3: expected the end, got "2"'],
  ])('%s', (text, message) => {
    expect(() => parse(text)).toThrow(`not valid JSON at ${message}`)
  })
})

test('refuses nesting deeper than 64 and more than 2^22 values', () => {
  expect(() => parse('['.repeat(100_000))).toThrow('nested deeper than 64')
  expect(parse(`${'['.repeat(64)}${']'.repeat(64)}`)).toBeDefined()
  expect(() => parse(`[${'0,'.repeat(2 ** 22)}0]`)).toThrow('more than 4194304 values')
})
