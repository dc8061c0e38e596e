import { ConfigError } from '@mamba/core'
import { expect, test } from 'vitest'
import { parseConfigJson } from './config-json.ts'
import { ConfigReader } from './config-reader.ts'

test('the three spellings of Infinity mean the same limit', () => {
  const spellings = ['[0.0, Infinity]', '[0.0, "Infinity"]', '[0.0, {"__float__": "Infinity"}]']
  for (const spelling of spellings) {
    const config = new ConfigReader(
      parseConfigJson(`{"time_step_limit": ${spelling}}`, 'config.json'),
      'config.json',
    )
    expect(config.range('time_step_limit')).toEqual([0, Number.POSITIVE_INFINITY])
  }
})

test('negative infinity and NaN are numbers, in words and as objects', () => {
  const text = '{"a": [-Infinity, {"__float__": "-Infinity"}, NaN, {"__float__": "NaN"}], "b": "NaN"}'
  expect(parseConfigJson(text, 'config.json')).toEqual({ a: [-Infinity, -Infinity, NaN, NaN], b: 'NaN' })
})

test('a word inside a string stays as it is', () => {
  const text = '{"a": "to Infinity, \\"NaN\\" and beyond"}'
  expect(parseConfigJson(text, 'config.json')).toEqual({ a: 'to Infinity, "NaN" and beyond' })
})

test('an object with an unknown __float__ stays an object', () => {
  expect(parseConfigJson('{"a": {"__float__": "one"}}', 'config.json')).toEqual({ a: { __float__: 'one' } })
})

test.each([
  ['{"d_model": }', 'm/config.json: not valid JSON at line 1, column 13: expected a value, got "}"'],
  ['[]', 'm/config.json: is not a JSON object'],
  ['<!doctype html>', 'm/config.json: not valid JSON at line 1, column 1: expected a value, got "<"'],
])('refuses %s', (text, message) => {
  expect(() => parseConfigJson(text, 'm/config.json')).toThrow(new ConfigError(message))
})
