import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { resolveSampling } from './options.ts'
import { applyPenalties } from './penalties.ts'

const VOCABULARY = 12
const id = fc.nat(VOCABULARY - 1)

function countsOf(ids: readonly number[]): Int32Array {
  const counts = new Int32Array(VOCABULARY)
  for (const one of ids) {
    counts[one]! += 1
  }
  return counts
}

describe('applyPenalties', () => {
  test('follows the formulas, token by token', () => {
    const settings = fc.record({
      repetitionPenalty: fc.double({ min: 0.1, max: 3, noNaN: true }),
      presencePenalty: fc.double({ min: -2, max: 2, noNaN: true }),
      frequencyPenalty: fc.double({ min: -2, max: 2, noNaN: true }),
    })
    const logits = fc.array(fc.double({ min: -9, max: 9, noNaN: true }), {
      minLength: VOCABULARY,
      maxLength: VOCABULARY,
    })
    fc.assert(
      fc.property(settings, logits, fc.array(id), fc.array(id), (options, before, prompt, generated) => {
        const got = Float64Array.from(before)
        applyPenalties(got, resolveSampling(options), {
          prompt: countsOf(prompt),
          generated: countsOf(generated),
        })
        const want = before.map((logit, one) => {
          const factor = logit > 0 ? 1 / options.repetitionPenalty : options.repetitionPenalty
          const repeated = prompt.includes(one) || generated.includes(one) ? logit * factor : logit
          const times = generated.filter((other) => other === one).length
          return repeated - options.frequencyPenalty * times - (times > 0 ? options.presencePenalty : 0)
        })
        want.forEach((logit, one) => {
          expect(got[one]).toBeCloseTo(logit, 12)
        })
      }),
    )
  })

  test('the repetition penalty counts the prompt, the other two do not', () => {
    const counts = { prompt: countsOf([3]), generated: countsOf([]) }
    const logits = new Float64Array(VOCABULARY).fill(2)
    applyPenalties(
      logits,
      resolveSampling({ repetitionPenalty: 2, presencePenalty: 1, frequencyPenalty: 1 }),
      counts,
    )
    expect(logits[3]).toBe(1)
    expect(logits[4]).toBe(2)
  })

  test('a masked id stays masked', () => {
    const logits = new Float64Array(VOCABULARY).fill(Number.NEGATIVE_INFINITY)
    const counts = { prompt: countsOf([1]), generated: countsOf([1, 2]) }
    applyPenalties(logits, resolveSampling({ repetitionPenalty: 0.5, frequencyPenalty: -2 }), counts)
    expect(logits.every((logit) => logit === Number.NEGATIVE_INFINITY)).toBe(true)
  })

  test('counts of another vocabulary are a ShapeError', () => {
    const counts = { prompt: new Int32Array(3), generated: new Int32Array(VOCABULARY) }
    expect(() => applyPenalties(new Float64Array(VOCABULARY), resolveSampling(), counts)).toThrow(
      'counts are [3] (prompt)',
    )
  })
})
