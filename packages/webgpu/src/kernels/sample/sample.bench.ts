/*
 * Sampling from the vocabulary of mamba-130m, 50,280 ids, and from a large one, through recorded programs; the steps of
 * a text, each with its position from a counter.
 *
 *   node --conditions=@mamba/source src/kernels/sample/sample.bench.ts
 */
import { resolveSampling, type SamplingOptions } from '@mamba/core'
import { fill, seededRandom } from '@mamba/testing'
import { isTiny, measure } from '../../testing/measure.ts'
import { webgpu } from '../../webgpu.ts'

/** Samples of one replay. */
const calls = 16

const ways: readonly SamplingOptions[] = [
  { greedy: true },
  { greedy: true, repetitionPenalty: 1.1 },
  {},
  { minP: 0.05 },
  { topK: 40 },
  { topP: 0.95 },
  // Keeps thousands of ids.
  { topP: 0.95, temperature: 3 },
  { topK: 5000 },
  { topK: 40, topP: 0.95, repetitionPenalty: 1.1 },
]

const backend = await webgpu({ software: true })
console.log(backend.info.device)
const shapes = isTiny(backend)
  ? ([[1, 5003]] as const)
  : ([
      [1, 50_280],
      [8, 50_280],
      [64, 50_280],
      [1, 256_000],
    ] as const)

for (const [batch, vocabulary] of shapes) {
  const random = seededRandom(1)
  // Some 50 ids well above the rest, as logits of a trained model are.
  const logit = () => 2 * random.normal() + (random.uniform() < 1e-3 ? 8 : 0)
  const logits = backend.tensor(fill(batch * vocabulary, logit), [batch, 1, vocabulary], 'f32')
  const counts = () => backend.zeros([batch, vocabulary], 'i32')
  const history = { prompt: counts(), generated: counts() }
  const position = backend.zeros([1], 'i32')
  for (const options of ways) {
    const settings = resolveSampling({ seed: 1, ...options })
    const args = { settings, vocabSize: vocabulary, position, ...(settings.usesHistory && { history }) }
    const program = backend.capture(() =>
      Array.from({ length: calls }, () => backend.ops.sample(logits, args)),
    )
    const bytes = 4 * batch * vocabulary * (settings.usesHistory ? 3 : 1)
    const label = `${batch} × ${vocabulary} ${JSON.stringify(options)}`
    await measure(backend, label, () => program.replay(), { bytes, calls })
    program.destroy()
  }
  for (const tensor of [logits, history.prompt, history.generated, position]) tensor.destroy()
}
backend.destroy()
