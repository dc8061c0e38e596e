import { describe, expect, test } from 'vitest'
import { MambaError } from '../errors.ts'
import { resolveSampling, type SamplingOptions } from './options.ts'

describe('resolveSampling', () => {
  test('leaves the distribution alone by default', () => {
    expect(resolveSampling({ seed: 5 })).toEqual({
      greedy: false,
      temperature: 1,
      topK: 0,
      topP: 1,
      minP: 0,
      repetitionPenalty: 1,
      presencePenalty: 0,
      frequencyPenalty: 0,
      seed: 5,
      usesHistory: false,
    })
  })

  test('draws a seed where none is given, and says which', () => {
    const seeds = Array.from({ length: 4 }, () => resolveSampling().seed)
    expect(seeds.every((seed) => Number.isSafeInteger(seed) && seed >= 0)).toBe(true)
    expect(new Set(seeds).size).toBeGreaterThan(1)
  })

  test('takes undefined for an absent option', () => {
    expect(resolveSampling({ temperature: undefined, topK: undefined, greedy: undefined }).temperature).toBe(
      1,
    )
  })

  test('takes temperature 0 for greedy', () => {
    expect(resolveSampling({ temperature: 0 })).toMatchObject({ greedy: true, temperature: 1 })
  })

  test('uses the history as soon as one penalty does something', () => {
    expect(resolveSampling({ repetitionPenalty: 1.1 }).usesHistory).toBe(true)
    expect(resolveSampling({ presencePenalty: -0.5 }).usesHistory).toBe(true)
    expect(resolveSampling({ frequencyPenalty: 0.5 }).usesHistory).toBe(true)
  })

  test.each<[keyof SamplingOptions, unknown]>([
    ...(
      [
        'temperature',
        'topK',
        'topP',
        'minP',
        'repetitionPenalty',
        'presencePenalty',
        'frequencyPenalty',
        'seed',
      ] as const
    ).flatMap((name) =>
      [Number.NaN, Number.POSITIVE_INFINITY, '1'].map((value) => [name, value] as [typeof name, unknown]),
    ),
    ['temperature', -0.1],
    ['topK', 1.5],
    ['topK', -1],
    ['topP', 0],
    ['topP', 1.01],
    ['minP', -0.1],
    ['minP', 1.01],
    ['repetitionPenalty', 0],
    ['repetitionPenalty', -1],
    ['seed', 0.5],
    ['seed', -1],
    ['seed', 2 ** 53],
    ['greedy', 1],
  ])('refuses %s %s by name', (name, value) => {
    const options = { [name]: value } as SamplingOptions
    expect(() => resolveSampling(options)).toThrow(
      expect.toSatisfy(
        (error) =>
          MambaError.is(error, 'ConfigError') && error.message.startsWith(`sampling: ${name} is ${value};`),
      ),
    )
  })
})
