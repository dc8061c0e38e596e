import { resolveSampling, type SamplingOptions, sampleLogits, type Tensor } from '@mamba/core'
import { fill, seededRandom } from '@mamba/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { WebGpuBackend } from '../../backend.ts'
import type { Capabilities } from '../../device/capabilities.ts'
import { plannerOf } from '../../testing/planner-of.ts'
import { webgpu } from '../../webgpu.ts'
import { planSample } from './sample.ts'

let backend: WebGpuBackend

beforeAll(async () => {
  backend = await webgpu({ software: true })
})
afterAll(() => backend.destroy())

const everything: SamplingOptions = {
  temperature: 1.3,
  topK: 300,
  topP: 0.9,
  minP: 0.001,
  repetitionPenalty: 1.2,
  frequencyPenalty: 0.3,
}

/** One of each way that a kernel goes. */
const ways: readonly SamplingOptions[] = [
  { greedy: true },
  { temperature: 0.8 },
  { minP: 0.05 },
  { topK: 40 },
  { topP: 0.95 },
  everything,
]

interface Row {
  readonly logits: Float32Array
  readonly prompt: Int32Array
  readonly generated: Int32Array
}

function randomRow(vocabSize: number, seed: number): Row {
  const random = seededRandom(seed)
  const count = () => Math.max(0, random.integer(-3, 3))
  return {
    logits: fill(vocabSize, () => 3 * random.normal()),
    prompt: Int32Array.from({ length: vocabSize }, count),
    generated: Int32Array.from({ length: vocabSize }, count),
  }
}

const position = 7
const settingsOf = (options: SamplingOptions) => resolveSampling({ seed: 2 ** 40 + 11, ...options })

/**
 * The ids of a batch, and the counts afterwards.
 * @param capabilities that the plan believes the device to have
 */
async function choose(
  rows: readonly Row[],
  options: SamplingOptions,
  capabilities: Partial<Capabilities> = {},
) {
  const batch = rows.length
  const vocabSize = rows[0]!.logits.length
  const joined = (name: keyof Row) => rows.flatMap((row) => Array.from(row[name]))
  const counts = (name: 'prompt' | 'generated') =>
    backend.tensor(Int32Array.from(joined(name)), [batch, vocabSize], 'i32')
  const logits = backend.tensor(Float32Array.from(joined('logits')), [batch, 1, vocabSize], 'f32')
  const history = { prompt: counts('prompt'), generated: counts('generated') }
  const y = backend.zeros([batch, 1], 'i32')
  const args = { settings: settingsOf(options), vocabSize, position, history }
  planSample(plannerOf(backend, capabilities), { op: 'sample', logits, args, y })
  const [ids, generated] = await Promise.all([y.read(), history.generated.read()])
  for (const tensor of [logits, history.prompt, history.generated, y]) tensor.destroy()
  return { ids: Array.from(ids), generated: Array.from(generated) }
}

/** What core chooses. */
function expected(rows: readonly Row[], options: SamplingOptions): number[] {
  return rows.map(
    (counts, sequence) => sampleLogits(counts.logits, settingsOf(options), { position, sequence, counts }).id,
  )
}

async function expectChoice(
  rows: readonly Row[],
  options: SamplingOptions,
  capabilities?: Partial<Capabilities>,
): Promise<void> {
  const { ids, generated } = await choose(rows, options, capabilities)
  const want = expected(rows, options)
  expect(ids).toEqual(want)
  const counted = rows.flatMap((row, i) =>
    Array.from(row.generated, (count, id) => (id === want[i] ? count + 1 : count)),
  )
  expect(generated).toEqual(counted)
}

describe('sampling', () => {
  test.each([...ways])('chooses among 1 and 70,000 ids as core does, %o', async (options) => {
    await expectChoice([randomRow(1, 1)], options)
    await expectChoice([randomRow(70_000, 2)], options)
  })

  test.each([
    ['workgroups of 64', { maxInvocations: 64 }],
    ['two workgroups in a dimension', { maxWorkgroups: 2 }],
    ['space for the candidates of two rows', { maxBindingBytes: 2 * 8 * 600 }],
  ])('chooses the same with %s', async (_, capabilities) => {
    const rows = [1, 2, 3].map((seed) => randomRow(600, seed))
    for (const options of [{ temperature: 0.8 }, everything]) await expectChoice(rows, options, capabilities)
  })

  test('draws the same of many equal ids', async () => {
    const row = { ...randomRow(5000, 4), logits: new Float32Array(5000).fill(-3) }
    for (const options of [{}, { topK: 7 }, { topP: 0.375 }, { topP: 1e-9 }, { minP: 1 }]) {
      await expectChoice([row, row], options)
    }
  })

  test('takes 0 and −0 to be equal', async () => {
    const row = { ...randomRow(3, 1), logits: Float32Array.of(-1, -0, 0) }
    await expectChoice([row], { greedy: true })
  })

  test.each([1e-300, 1e-20, 1e6, 1e300])('has any temperature: %f', async (temperature) => {
    const row = randomRow(500, 6)
    for (const options of [{}, { topK: 3 }, { topP: 0.5 }])
      await expectChoice([row], { ...options, temperature })
  })

  test.each([
    ['a logit is NaN', Float32Array.of(0, Number.NaN, 1)],
    ['a logit is ∞', Float32Array.of(0, 1, Number.POSITIVE_INFINITY)],
    ['all are −∞', new Float32Array(3).fill(Number.NEGATIVE_INFINITY)],
  ])('gives −1 and counts nothing where %s, in this row alone', async (_, logits) => {
    const good = randomRow(3, 1)
    const bad = { ...randomRow(3, 2), logits }
    for (const options of ways) {
      const { ids, generated } = await choose([bad, good], options)
      expect(ids[0]).toBe(-1)
      expect(ids[1]).toBeGreaterThanOrEqual(0)
      expect(generated.slice(0, 3)).toEqual(Array.from(bad.generated))
    }
  })

  test('goes on from position to position in a recorded program', async () => {
    const { logits: data } = randomRow(300, 8)
    const logits = backend.tensor(data.slice(), [1, 1, 300], 'f32')
    const counter = backend.tensor(Int32Array.of(20), [1], 'i32')
    const history = { prompt: backend.zeros([1, 300], 'i32'), generated: backend.zeros([1, 300], 'i32') }
    const settings = settingsOf({ topP: 0.9, presencePenalty: 1 })
    const program = backend.capture(() =>
      backend.ops.sample(logits, { settings, vocabSize: 300, position: counter, history }),
    )
    const ids = await Promise.all(Array.from({ length: 20 }, () => program.replay().read()))
    const counts = { prompt: new Int32Array(300), generated: new Int32Array(300) }
    for (const [step, got] of ids.entries()) {
      const { id } = sampleLogits(data, settings, { position: 20 + step, counts })
      expect(got).toEqual(Int32Array.of(id))
      counts.generated[id]! += 1
    }
    program.destroy()
    for (const tensor of [logits, counter, history.prompt, history.generated]) tensor.destroy()
  })

  test('is one dispatch, and another where rows share a counter that they read', () => {
    const counter = backend.zeros([1], 'i32')
    const dispatches = (batch: number, options: SamplingOptions, position: number | Tensor) => {
      const [logits, y] = [backend.zeros([batch, 1, 50_280]), backend.zeros([batch, 1], 'i32')]
      const labels: string[] = []
      const planner = {
        ...plannerOf(backend),
        dispatch: ({ kernel }: { kernel: { label: string } }) => void labels.push(kernel.label),
      }
      const args = { settings: settingsOf(options), vocabSize: 50_277, position }
      planSample(planner, { op: 'sample', logits, args, y })
      for (const tensor of [logits, y]) tensor.destroy()
      return labels
    }
    for (const options of ways) {
      const label = options.greedy ? 'sample: greedy' : 'sample: draw'
      expect(dispatches(3, options, 5)).toEqual([label])
      expect(dispatches(1, options, counter)).toEqual([label])
      expect(dispatches(3, options, counter)).toEqual(options.greedy ? [label] : [label, 'sample: advance'])
    }
    counter.destroy()
  })
})
