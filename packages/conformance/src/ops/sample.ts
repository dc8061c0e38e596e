import { type ResolvedSampling, resolveSampling, sampleLogits, type Tensor } from '@mamba/core'
import { fill, seededRandom } from '@mamba/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { batches, seeds, sizes } from '../sizes.ts'
import { forAll, onWorkbench, type Suite } from '../suite.ts'
import type { Workbench } from '../workbench.ts'

interface Case {
  readonly batch: number
  readonly vocabSize: number
  /** Number of ids behind them that must not be chosen. */
  readonly padding: number
  readonly settings: ResolvedSampling
  readonly position: number
  readonly hasHistory: boolean
  /** Whether many logits are equal. */
  readonly hasTies: boolean
  readonly seed: number
}

export function describeSample(suite: Suite): void {
  // Not fc.double, most of whose numbers between 0 and 1 are next to 0.
  const number = (min: number, max: number) => seeds.map((seed) => seededRandom(seed).between(min, max))
  const cases: fc.Arbitrary<Case> = fc.record({
    batch: batches,
    vocabSize: fc.oneof(sizes(4 * suite.maxSize), fc.constant(5003)),
    padding: fc.integer({ min: 0, max: 7 }),
    settings: fc
      .record(
        {
          greedy: fc.boolean(),
          temperature: number(0.1, 3),
          topK: fc.integer({ min: 0, max: 50 }),
          topP: number(0.05, 1),
          minP: number(0, 0.5),
          repetitionPenalty: number(0.7, 2),
          presencePenalty: number(-1, 2),
          frequencyPenalty: number(-1, 1),
          seed: fc.maxSafeNat(),
        },
        { requiredKeys: ['seed'] },
      )
      .map((options) => resolveSampling(options)),
    position: fc.nat(),
    hasHistory: fc.boolean(),
    hasTies: fc.boolean(),
    seed: seeds,
  })

  describe('sample', () => {
    test('chooses as the reference does, id after id, and counts what it chose', async () => {
      await forAll(suite, cases, expectChoices)
    })

    test.each([{ greedy: true }, { seed: 7 }, { topK: 20, topP: 0.9, minP: 0.01, seed: 2 ** 40 + 7 }])(
      'reads its position from a counter and adds 1 to it, %o',
      async (options) => {
        await onWorkbench(suite, async (workbench) => {
          for (const batch of [1, 3]) await expectCounted(workbench, batch, resolveSampling(options))
        })
      },
    )

    test('is greedy, and takes the lowest of equal ids', async () => {
      await onWorkbench(suite, async (workbench) => {
        const logits = workbench.dense(Float32Array.of(-3, -1, -2, -1, -5, -1, -1, -9), [2, 1, 4])
        const args = { settings: resolveSampling({ greedy: true }), vocabSize: 4, position: 0 }
        expect(await chosen(workbench, 2, () => workbench.ops.sample(logits, args))).toEqual([1, 1])
      })
    })

    test.each([{ greedy: true }, { temperature: 2, seed: 7 }])(
      'never chooses an id of the padding, however likely, %o',
      async (options) => {
        await onWorkbench(suite, async (workbench) => {
          const logits = workbench.dense(Float32Array.of(-30, -30, 50, 90), [1, 1, 4])
          const args = { settings: resolveSampling(options), vocabSize: 2, position: 3 }
          const [id] = await chosen(workbench, 1, () => workbench.ops.sample(logits, args))
          expect(id).toBeLessThan(2)
        })
      },
    )
  })
}

/** Three ids in a row, with one history. */
async function expectChoices(workbench: Workbench, value: Case): Promise<void> {
  const { batch, vocabSize, padding, settings, hasHistory, hasTies, seed } = value
  const vocabulary = vocabSize + padding
  const random = seededRandom(seed)
  const logit = () => 3 * random.normal()
  const logits = fill(batch * vocabulary, () => (hasTies ? Math.round(2 * logit()) / 2 : logit()))
  const count = () => Math.max(0, random.integer(-3, 3))
  const counts = () => Int32Array.from({ length: batch * vocabulary }, count)
  const prompt = counts()
  const generated = counts()
  const tensors = {
    logits: workbench.activation(logits, [batch, 1, vocabulary]),
    prompt: workbench.dense(prompt, [batch, vocabulary], 'i32'),
    generated: workbench.inPlace(generated, [batch, vocabulary], 'i32'),
  }
  const history = hasHistory ? { prompt: tensors.prompt, generated: tensors.generated } : undefined
  for (let position = value.position; position < value.position + 3; position++) {
    const args = { settings, vocabSize, position, history }
    const ids = await chosen(workbench, batch, () => workbench.ops.sample(tensors.logits, args))
    for (const [sequence, id] of ids.entries()) {
      const start = sequence * vocabulary
      const cut = <T extends Float32Array | Int32Array>(data: T) =>
        data.subarray(start, start + vocabSize) as T
      const seen = hasHistory ? { prompt: cut(prompt), generated: cut(generated) } : undefined
      const place = { position, sequence, counts: seen }
      expect(
        acceptable(cut(logits), settings, place),
        `the id of sequence ${sequence} at ${position}`,
      ).toContain(id)
      if (hasHistory) generated[start + id]! += 1
    }
    expect(await tensors.generated.read()).toEqual(generated)
  }
}

/** That a counter gives the ids that numbers give. */
async function expectCounted(workbench: Workbench, batch: number, settings: ResolvedSampling): Promise<void> {
  const random = seededRandom(batch)
  const vocabSize = 61
  const logits = workbench.dense(
    fill(batch * vocabSize, () => random.normal()),
    [batch, 1, vocabSize],
  )
  const counter = workbench.inPlace(Int32Array.of(9), [1], 'i32')
  for (let position = 9; position < 15; position++) {
    const sample = (position: number | Tensor) =>
      chosen(workbench, batch, () => workbench.ops.sample(logits, { settings, vocabSize, position }))
    expect(await sample(counter), `ids at ${position}`).toEqual(await sample(position))
    expect(await counter.read()).toEqual(Int32Array.of(position + 1))
  }
}

/**
 * The reference's choice, and what it would be at a slightly other temperature: where a sum of probabilities comes that
 * near to a limit, rounding decides.
 */
function acceptable(
  logits: Float32Array,
  settings: ResolvedSampling,
  place: Parameters<typeof sampleLogits>[2],
) {
  return [1, 0.9999, 1.0001].map(
    (factor) => sampleLogits(logits, { ...settings, temperature: factor * settings.temperature }, place).id,
  )
}

/** Runs `sample`, asserts what kind of tensor it made, and reads it. */
async function chosen(workbench: Workbench, batch: number, op: () => Tensor): Promise<number[]> {
  const ids = op()
  expect({ shape: ids.shape, dtype: ids.dtype }).toEqual({ shape: [batch, 1], dtype: 'i32' })
  const data = await ids.read()
  workbench.ops.release(ids)
  return Array.from(data)
}
