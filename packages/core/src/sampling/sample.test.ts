import { seededRandom } from '@mamba/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { resolveSampling, type SamplingOptions } from './options.ts'
import { sampleLogits } from './sample.ts'

const MASKED = Number.NEGATIVE_INFINITY
const logits = fc
  .array(
    fc.oneof(
      { weight: 9, arbitrary: fc.float({ min: -20, max: 20, noNaN: true }) },
      { weight: 1, arbitrary: fc.constant(MASKED) },
    ),
    {
      minLength: 1,
      maxLength: 200,
    },
  )
  .filter((list) => list.some(Number.isFinite))
  .map((list) => Float32Array.from(list))

/** Samples at positions 0 to n − 1 and counts each id. */
function countSamples(list: Float32Array, options: SamplingOptions, n: number): number[] {
  const settings = resolveSampling(options)
  const counts = new Array<number>(list.length).fill(0)
  for (let position = 0; position < n; position++) {
    counts[sampleLogits(list, settings, { position }).id]! += 1
  }
  return counts
}

/** χ² of counts against probabilities, over the ids that may occur. */
function chiSquare(counts: readonly number[], probabilities: readonly number[], n: number): number {
  return probabilities.reduce((sum, p, id) => (p === 0 ? sum : sum + (counts[id]! - n * p) ** 2 / (n * p)), 0)
}

describe('sampleLogits', () => {
  test('draws from softmax(logits / temperature)', () => {
    const list = Float32Array.of(1.5, -1, MASKED, 0.25, 2, 0, -0.5, 1)
    for (const temperature of [0.5, 1, 2]) {
      const weights = Array.from(list, (logit) => Math.exp(logit / temperature))
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      const n = 20_000
      const counts = countSamples(list, { seed: 11, temperature }, n)
      // 6 degrees of freedom: χ² exceeds 22.5 once in 1,000 seeds.
      expect(
        chiSquare(
          counts,
          weights.map((weight) => weight / total),
          n,
        ),
      ).toBeLessThan(22.5)
    }
  })

  test('draws from what the filters leave, in proportion', () => {
    const list = Float32Array.of(Math.log(4), Math.log(2), Math.log(1), Math.log(2))
    const n = 20_000
    const counts = countSamples(list, { seed: 3, topK: 2 }, n)
    expect(counts[2]).toBe(0)
    // 2 degrees of freedom: χ² exceeds 13.8 once in 1,000 seeds.
    expect(chiSquare(counts, [1 / 2, 1 / 4, 0, 1 / 4], n)).toBeLessThan(13.8)
  })

  test('is decided by seed, position and sequence alone', () => {
    const settings = (seed: number) => resolveSampling({ seed })
    const list = new Float32Array(1000)
    const text = (seed: number, sequence: number) =>
      [0, 1, 2, 3].map((position) => sampleLogits(list, settings(seed), { position, sequence }).id)
    expect(text(1, 0)).toEqual(text(1, 0))
    expect(text(1, 0)).not.toEqual(text(2, 0))
    expect(text(1, 0)).not.toEqual(text(1, 1))
    expect(new Set(text(1, 0)).size).toBe(4)
  })

  test('takes the likeliest when greedy, the lowest id among equals', () => {
    expect(
      sampleLogits(Float32Array.of(0, 2, 1, 2), resolveSampling({ greedy: true }), { position: 0 }).id,
    ).toBe(1)
    expect(
      sampleLogits(Float32Array.of(0, 2, 1, 2), resolveSampling({ temperature: 0 }), { position: 0 }).id,
    ).toBe(1)
  })

  test('approaches greedy as the temperature approaches 0', () => {
    fc.assert(
      fc.property(logits, fc.nat(), (list, position) => {
        const best = list[sampleLogits(list, resolveSampling({ greedy: true }), { position }).id]
        const cold = resolveSampling({ temperature: 1e-300, seed: 1 })
        expect(list[sampleLogits(list, cold, { position }).id]).toBe(best)
      }),
    )
  })

  test('applies the penalties before it chooses, also when greedy', () => {
    const counts = { prompt: Int32Array.of(0, 0, 0), generated: Int32Array.of(0, 2, 0) }
    const settings = resolveSampling({ greedy: true, frequencyPenalty: 1 })
    expect(sampleLogits(Float32Array.of(0, 3, 2), settings, { position: 0, counts }).id).toBe(2)
  })

  test('never chooses a masked id', () => {
    const options = fc.record({
      temperature: fc.double({ min: 0.01, max: 1e6, noNaN: true }),
      topK: fc.nat(10),
      topP: fc.double({ min: 0.01, max: 1, noNaN: true }),
      minP: fc.double({ min: 0, max: 1, noNaN: true }),
      seed: fc.nat(),
    })
    fc.assert(
      fc.property(logits, options, fc.nat(), (list, given, position) => {
        const { id } = sampleLogits(list, resolveSampling(given), { position })
        expect(list[id]).toBeGreaterThan(MASKED)
      }),
    )
  })

  test('gives the log-probability before temperature, filters and penalties', () => {
    const list = Float32Array.of(Math.log(1), Math.log(3))
    const settings = resolveSampling({ greedy: true, temperature: 0.1, topK: 1 })
    expect(sampleLogits(list, settings, { position: 0 }).logprob).toBeCloseTo(Math.log(0.75), 7)
  })

  test.each([
    ['no logits', [], 'ShapeError', 'logits are [0]'],
    ['NaN', [0, Number.NaN], 'CheckpointError', 'the logit of id 1 is NaN'],
    ['Infinity', [Number.POSITIVE_INFINITY, 0], 'CheckpointError', 'the logit of id 0 is Infinity'],
    ['nothing that may be chosen', [MASKED, MASKED], 'ConfigError', 'every logit is -Infinity'],
  ])('refuses %s', (_, list, name, message) => {
    expect(() => sampleLogits(Float32Array.from(list), resolveSampling(), { position: 0 })).toThrow(
      expect.objectContaining({ name, message: expect.stringContaining(message) }),
    )
  })

  test('takes time in proportion to the vocabulary for sorted, equal and random logits alike', () => {
    const random = seededRandom(5)
    const size = 100_000
    const settings = resolveSampling({ topP: 0.9, topK: 50_000, seed: 1 })
    const started = performance.now()
    for (const list of [
      Float32Array.from({ length: size }, (_, i) => i / size),
      Float32Array.from({ length: size }, (_, i) => -i / size),
      new Float32Array(size),
      Float32Array.from({ length: size }, () => random.normal()),
    ]) {
      sampleLogits(list, settings, { position: 0 })
    }
    // Quadratic time would be minutes.
    expect(performance.now() - started).toBeLessThan(5000)
  })
})
