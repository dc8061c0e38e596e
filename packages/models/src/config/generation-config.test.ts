import { describe, expect, test } from 'vitest'
import { expectError } from '../testing/expect-error.ts'
import { readGenerationDefaults } from './generation-config.ts'

describe('the ids that end a text', () => {
  test.each([
    ['come from generation_config.json first', { eos_token_id: 1 }, { eos_token_id: 2 }, 3, [1]],
    ['then from config.json', { eos_token_id: null }, { eos_token_id: 2 }, 3, [2]],
    ['also if there is no generation_config.json', undefined, { eos_token_id: 2 }, 3, [2]],
    ['then from the tokenizer', {}, {}, 3, [3]],
    ['may be several', { eos_token_id: [4, 5] }, {}, undefined, [4, 5]],
    ['may be unknown', undefined, {}, undefined, []],
    ['are ids only', { eos_token_id: ['</s>', 5, 1.5] }, {}, undefined, [5]],
  ])('%s', (_, generation, config, tokenizerEnd, stopIds) => {
    expect(readGenerationDefaults(generation, config, tokenizerEnd).stopIds).toEqual(stopIds)
  })
})

describe('the options that a checkpoint suggests', () => {
  const suggested = { temperature: 0.6, top_k: 20, top_p: 0.9, min_p: 0.1, repetition_penalty: 1.2 }

  test('are those of generation_config.json', () => {
    const { sampling } = readGenerationDefaults({ do_sample: true, ...suggested }, {}, undefined)
    expect(sampling).toEqual({ temperature: 0.6, topK: 20, topP: 0.9, minP: 0.1, repetitionPenalty: 1.2 })
  })

  test('are only those that it gives', () => {
    const generation = { do_sample: true, temperature: 0.6, top_k: null, pad_token_id: 0 }
    expect(readGenerationDefaults(generation, {}, undefined).sampling).toEqual({ temperature: 0.6 })
  })

  test('are none without do_sample, when transformers would ignore them', () => {
    expect(readGenerationDefaults(suggested, {}, undefined).sampling).toEqual({})
    expect(readGenerationDefaults({ ...suggested, do_sample: false }, {}, undefined).sampling).toEqual({})
  })

  test.each([
    [{ do_sample: 1 }, 'do_sample is 1; expected true or false'],
    [{ do_sample: true, temperature: '0.6' }, 'temperature is "0.6"; expected a finite number'],
    [{ do_sample: true, top_p: Number.NaN }, 'top_p is NaN'],
    [{ do_sample: true, top_k: [20] }, 'top_k is [20]'],
  ])('are refused if they are no numbers: %j', (generation, message) =>
    expectError(
      () => readGenerationDefaults(generation, {}, undefined),
      'ConfigError',
      `generation_config.json: ${message}`,
    ),
  )
})
