import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { logSoftmax, topLogprobs } from './logprobs.ts'

const logits = fc
  .array(fc.oneof(fc.float({ min: -80, max: 80, noNaN: true }), fc.integer({ min: -2, max: 2 })), {
    minLength: 1,
    maxLength: 100,
  })
  .map((list) => Float32Array.from(list))

describe('logSoftmax', () => {
  test('gives logarithms of probabilities that add up to 1', () => {
    fc.assert(
      fc.property(logits, (list) => {
        const sum = logSoftmax(list).reduce((total, logprob) => total + Math.exp(logprob), 0)
        expect(sum).toBeCloseTo(1, 12)
      }),
    )
  })

  test('keeps the differences between logits, and −∞', () => {
    const [a, b, masked] = logSoftmax(Float32Array.of(3, 1, Number.NEGATIVE_INFINITY))
    expect(a! - b!).toBeCloseTo(2, 12)
    expect(masked).toBe(Number.NEGATIVE_INFINITY)
  })

  test('does not overflow', () => {
    expect(logSoftmax(Float32Array.of(1e30, 1e30))[0]).toBeCloseTo(-Math.log(2), 12)
  })

  test('refuses NaN', () => {
    expect(() => logSoftmax(Float32Array.of(0, Number.NaN))).toThrow('the logit of id 1 is NaN')
  })
})

describe('topLogprobs', () => {
  test('are the first of all, sorted by probability and then by id', () => {
    fc.assert(
      fc.property(logits, fc.nat(110), (list, n) => {
        const logprobs = logSoftmax(list)
        const all = Array.from(logprobs, (logprob, id) => ({ id, logprob })).sort(
          (a, b) => b.logprob - a.logprob || a.id - b.id,
        )
        expect(topLogprobs(list, n)).toEqual(all.slice(0, n))
      }),
    )
  })

  test('leave out masked ids', () => {
    expect(topLogprobs(Float32Array.of(Number.NEGATIVE_INFINITY, 0), 2)).toEqual([{ id: 1, logprob: 0 }])
  })
})
