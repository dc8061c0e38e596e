import { resolveSampling, type SamplingOptions, sampleLogits } from '@mamba/core'
import { fill, seededRandom } from '@mamba/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestContext, testContext } from '../testing/context.ts'
import { sample } from './sample.ts'

/*
 * What the suite of all backends does not look at: a vocabulary and logits like those of real models, where only the
 * shortlist is looked at.
 */

const vocabulary = 50_280
const positions = 20

let started: TestContext
beforeAll(async () => {
  started = await testContext({ threads: 2 })
})
afterAll(() => started.destroy())

/** A few likely ids, and a long tail. */
function likeTrained(seed: number): Float32Array {
  const random = seededRandom(seed)
  return fill(vocabulary, () => 2 * random.normal() + 14 * random.uniform() ** 40)
}

const options: readonly SamplingOptions[] = [
  { greedy: true },
  {},
  { temperature: 0.8 },
  { temperature: 0.7, topK: 40 },
  { topK: 40, topP: 0.9, minP: 0.01 },
  { topP: 0.9 },
  { temperature: 0.5, topP: 0.3 },
  { minP: 0.05 },
  { topK: 40, repetitionPenalty: 1.2 },
  { greedy: true, frequencyPenalty: 0.5, presencePenalty: -2 },
  { topP: 0.9, repetitionPenalty: 1.2 },
]

test.each(options)('takes the ids that the reference takes among all, %o', async (option) => {
  const { context, tensor } = started
  const settings = resolveSampling({ ...option, seed: 5 })
  const random = seededRandom(7)
  const counts = () => Int32Array.from({ length: vocabulary }, () => Math.max(0, random.integer(-400, 1)))
  const seen = { prompt: counts(), generated: counts() }
  const history = {
    prompt: tensor(seen.prompt, [1, vocabulary], 'i32'),
    generated: tensor(seen.generated, [1, vocabulary], 'i32'),
  }
  for (let position = 0; position < positions; position++) {
    const logits = likeTrained(position)
    const args = { settings, vocabSize: vocabulary, position, history }
    const chosen = sample(context, tensor(logits, [1, 1, vocabulary]), args)
    const { id } = sampleLogits(logits, settings, { position, counts: seen })
    seen.generated[id]! += 1
    expect(context.ints(context.address(chosen), 1)[0]).toBe(id)
  }
})
