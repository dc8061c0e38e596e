import { ConfigError } from '@mamba/core'
import { describe, expect, test } from 'vitest'
import { ConfigReader } from './config-reader.ts'

const reader = (values: Record<string, unknown>) => new ConfigReader(values, 'config.json')

test('gives what is there, checked', () => {
  const config = reader({
    d_model: 64,
    bos_token_id: 0,
    eps: 1e-5,
    rms_norm: true,
    layer: 'Mamba2',
    attn_layer_idx: [1, 3],
    limit: [0, '-Infinity'],
    ssm_cfg: { d_state: 16 },
  })
  expect(config.size('d_model')).toBe(64)
  expect(config.wholeNumber('bos_token_id')).toBe(0)
  expect(config.number('eps')).toBe(1e-5)
  expect(config.boolean('rms_norm')).toBe(true)
  expect(config.string('layer')).toBe('Mamba2')
  expect(config.wholeNumbers('attn_layer_idx')).toEqual([1, 3])
  expect(config.object('ssm_cfg').size('d_state')).toBe(16)
  expect(config.has('d_model')).toBe(true)
})

test('a key that is absent or null takes the default', () => {
  const config = reader({ null: null })
  for (const key of ['null', 'absent', 'toString', '__proto__']) {
    expect(config.size(key, 3)).toBe(3)
    expect(config.wholeNumber(key, 0)).toBe(0)
    expect(config.boolean(key, false)).toBe(false)
    expect(config.string(key, 'x')).toBe('x')
    expect(config.range(key, [0, 1])).toEqual([0, 1])
    expect(config.object(key).number('eps', 1e-6)).toBe(1e-6)
    expect(config.has(key)).toBe(false)
  }
})

describe('refuses impossible values:', () => {
  test.each([0, -1, 1.5, 2 ** 31 + 1, Number.NaN, Number.POSITIVE_INFINITY, '64', true, [64]])(
    'size %s',
    (value) => {
      expect(() => reader({ d_model: value }).size('d_model', 64)).toThrow(ConfigError)
    },
  )

  const cases: [name: string, read: (config: ConfigReader) => unknown, message: string][] = [
    [
      'absent size',
      (config) => config.size('absent'),
      'absent is missing; expected a whole number from 1 to 2^31',
    ],
    ['zero size', (config) => config.size('zero'), 'zero is 0; expected a whole number from 1 to 2^31'],
    ['size NaN', (config) => config.size('nan'), 'nan is NaN; expected a whole number from 1 to 2^31'],
    ['number in words', (config) => config.number('text'), 'text is "two"; expected a finite number'],
    [
      'infinite number',
      (config) => config.number('infinite'),
      'infinite is Infinity; expected a finite number',
    ],
    ['boolean as number', (config) => config.boolean('zero'), 'zero is 0; expected true or false'],
    [
      'range backwards',
      (config) => config.range('range'),
      'range is [2,1]; expected a pair [min, max] with min <= max',
    ],
    ['range of words', (config) => config.range('words'), 'words is ["a","b"]; expected a pair [min, max]'],
    [
      'list',
      (config) => config.wholeNumbers('words'),
      'words is ["a","b"]; expected a list of whole numbers',
    ],
    ['object', (config) => config.object('text'), 'text is "two"; expected an object'],
    [
      'in an object',
      (config) => config.object('ssm').size('d_state'),
      'ssm.d_state is -1; expected a whole number',
    ],
  ]
  const values = {
    zero: 0,
    nan: Number.NaN,
    text: 'two',
    infinite: Number.POSITIVE_INFINITY,
    range: [2, 1],
    words: ['a', 'b'],
    ssm: { d_state: -1 },
  }
  test.each(cases)('%s', (_, read, message) => {
    expect(() => read(reader(values))).toThrow(ConfigError)
    expect(() => read(reader(values))).toThrow(`config.json: ${message}`)
  })
})
