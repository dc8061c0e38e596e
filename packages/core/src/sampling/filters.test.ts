import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { keptIds } from './filters.ts'

interface Filters {
  readonly topK: number
  readonly topP: number
  readonly minP: number
}
const NONE: Filters = { topK: 0, topP: 1, minP: 0 }

/** Scores as keptIds needs them: the largest is 0. */
function scoresOf(logits: readonly number[]): Float64Array {
  const max = Math.max(...logits)
  return Float64Array.from(logits, (logit) => logit - max)
}

function kept(logits: readonly number[], filters: Partial<Filters>): number[] {
  const scores = scoresOf(logits)
  return Array.from(keptIds(scores, scores.map(Math.exp), { ...NONE, ...filters }))
}

/** The definition: sort everything, then cut. */
function naive(logits: readonly number[], { topK, topP, minP }: Filters): number[] {
  const scores = scoresOf(logits)
  let ranked = logits.map((_, id) => id).filter((id) => scores[id]! > Number.NEGATIVE_INFINITY)
  ranked.sort((a, b) => scores[b]! - scores[a]! || a - b)
  if (topK > 0 && topK < ranked.length) {
    const least = scores[ranked[topK - 1]!]!
    ranked = ranked.filter((id) => scores[id]! >= least)
  }
  if (topP < 1) {
    const total = ranked.reduce((sum, id) => sum + Math.exp(scores[id]!), 0)
    let sum = 0
    ranked = ranked.filter((id) => {
      const before = sum
      sum += Math.exp(scores[id]!)
      return before < topP * total
    })
  }
  return ranked.filter((id) => Math.exp(scores[id]!) >= minP).sort((a, b) => a - b)
}

// Small whole numbers make ties; spread ones make cuts of top-p that the order of summation does not move.
const tied = fc.integer({ min: -5, max: 5 })
const spread = fc.double({ min: -30, max: 30, noNaN: true })
const masked = fc.constant(Number.NEGATIVE_INFINITY)
const logits = (finite: fc.Arbitrary<number>) =>
  fc
    .array(fc.oneof({ weight: 9, arbitrary: finite }, { weight: 1, arbitrary: masked }), {
      minLength: 1,
      maxLength: 300,
    })
    .filter((list) => list.some(Number.isFinite))
const share = fc.double({ min: 1e-9, max: 1, noNaN: true })

describe('keptIds', () => {
  test('keeps what sorting and cutting keeps', () => {
    const filters = fc.record({
      topK: fc.oneof(fc.constant(0), fc.nat(320)),
      topP: share,
      minP: fc.oneof(fc.constant(0), share),
    })
    fc.assert(
      fc.property(logits(spread), filters, (list, settings) => {
        expect(kept(list, settings)).toEqual(naive(list, settings))
      }),
      { numRuns: 1000 },
    )
  })

  test('keeps what sorting and cutting keeps when many logits are equal', () => {
    fc.assert(
      fc.property(logits(tied), fc.nat(320), fc.oneof(fc.constant(0), share), (list, topK, minP) => {
        expect(kept(list, { topK, minP })).toEqual(naive(list, { topK, topP: 1, minP }))
      }),
      { numRuns: 500 },
    )
  })

  test('top-k keeps the ids that are as likely as the k-th', () => {
    expect(kept([1, 3, 2, 2, 0], { topK: 2 })).toEqual([1, 2, 3])
  })

  test('top-p keeps the lower of equally likely ids, and only as many as are needed', () => {
    expect(kept([0, 0, 0, 0], { topP: 0.5 })).toEqual([0, 1])
    expect(kept([0, 0, 0, 0], { topP: 0.51 })).toEqual([0, 1, 2])
  })

  test('top-p looks at the probabilities after top-k', () => {
    const halves = [Math.log(4), Math.log(2), Math.log(2)]
    expect(kept(halves, { topP: 0.6 })).toEqual([0, 1])
    expect(kept(halves, { topK: 1, topP: 0.6 })).toEqual([0])
  })

  test('min-p keeps ids at that share of the likeliest, and min-p 1 the likeliest alone', () => {
    expect(kept([Math.log(8), Math.log(4), Math.log(1)], { minP: 0.25 })).toEqual([0, 1])
    expect(kept([0, 2, 2], { minP: 1 })).toEqual([1, 2])
  })

  test('always keeps the likeliest', () => {
    expect(kept([0, -50, -60], { topK: 1, topP: 1e-12, minP: 1 })).toEqual([0])
  })

  test('never keeps a masked id', () => {
    expect(kept([Number.NEGATIVE_INFINITY, 0, Number.NEGATIVE_INFINITY], { topK: 3 })).toEqual([1])
  })
})
