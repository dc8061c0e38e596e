import { CheckpointError } from '@mamba/core'
import { beforeAll, describe, expect, test } from 'vitest'
import { countingBackend } from '../testing/counting-backend.ts'
import { type GoldenCheckpoint, goldenFiles, readGoldenFixture } from '../testing/golden-checkpoint.ts'
import { changed, encodeArrays, modelFiles, type StoredArray } from '../testing/memory-checkpoint.ts'
import { type Check, verifyCheckpoint } from './index.ts'

const goldens: Record<string, GoldenCheckpoint> = {}

beforeAll(async () => {
  for (const name of ['mamba-options', 'mamba2-clamp', 'mamba3-mimo-norm', 'mamba3-siso-mlp']) {
    goldens[name] = await readGoldenFixture(name)
  }
})

/** The names of the checks that fail, in alphabetical order. */
async function failures(golden: GoldenCheckpoint): Promise<string[]> {
  const { ok, checks } = await verifyCheckpoint(goldenFiles(golden))
  const failed = checks.filter((check) => !check.ok).map(({ name }) => name)
  expect(ok).toBe(failed.length === 0)
  return failed.sort()
}

/** With one element of a weight changed. */
function withWeight(
  name: string,
  weight: string,
  index: number,
  change: (x: number) => number,
): GoldenCheckpoint {
  const { checkpoint, expected } = goldens[name]!
  const tensors = { ...checkpoint.tensors, [weight]: changed(checkpoint.tensors[weight]!, index, change) }
  return { checkpoint: { ...checkpoint, tensors }, expected }
}

/** With one element of an expectation changed. */
function withExpectation(
  name: string,
  array: string,
  index: number,
  change: (x: number) => number,
): GoldenCheckpoint {
  const { checkpoint, expected } = goldens[name]!
  const { data, ...rest } = expected[array]!
  const copy = data.slice()
  copy[index] = change(copy[index]!)
  return { checkpoint, expected: { ...expected, [array]: { ...rest, data: copy } } }
}

function withArrays(name: string, arrays: Record<string, StoredArray | undefined>): GoldenCheckpoint {
  const { checkpoint, expected } = goldens[name]!
  const entries = Object.entries({ ...expected, ...arrays }).filter(([, array]) => array !== undefined)
  return { checkpoint, expected: Object.fromEntries(entries) as GoldenCheckpoint['expected'] }
}

describe('verify reports', () => {
  test('nothing of what is as the reference has it, and tells each check as it is done', async () => {
    const told: Check[] = []
    const report = await verifyCheckpoint(goldenFiles(goldens['mamba2-clamp']!), {
      onCheck: (check) => told.push(check),
    })
    expect(report.ok).toBe(true)
    expect(report.checks).toEqual(told)
    expect(told.map(({ name }) => name)).toContain('greedy_ids_full_forward')
  })

  test('the splits into chunks follow from the seed', async () => {
    const files = goldenFiles(goldens['mamba2-clamp']!)
    const values = async (seed: number) =>
      (await verifyCheckpoint(files, { seed })).checks.map(({ value }) => value)
    expect(await values(7)).toEqual(await values(7))
  })
})

describe('verify fails on a changed weight', () => {
  const layer = 'backbone.layers.1.'
  const weights: Record<string, readonly string[]> = {
    'mamba-options': [
      'lm_head.weight',
      'backbone.norm_f.weight',
      `${layer}norm.weight`,
      `${layer}mixer.in_proj.weight`,
      `${layer}mixer.conv1d.weight`,
      `${layer}mixer.in_proj.bias`,
      `${layer}mixer.x_proj.weight`,
      `${layer}mixer.dt_proj.weight`,
      `${layer}mixer.dt_proj.bias`,
      `${layer}mixer.A_log`,
      `${layer}mixer.D`,
      `${layer}mixer.out_proj.weight`,
      `${layer}mixer.out_proj.bias`,
    ],
    'mamba2-clamp': [
      `${layer}mixer.dt_bias`,
      `${layer}mixer.A_log`,
      `${layer}mixer.D`,
      `${layer}mixer.norm.weight`,
    ],
    'mamba3-mimo-norm': [
      `${layer}mixer.dt_bias`,
      `${layer}mixer.B_norm.weight`,
      `${layer}mixer.C_norm.weight`,
      `${layer}mixer.B_bias`,
      `${layer}mixer.C_bias`,
      `${layer}mixer.D`,
      `${layer}mixer.mimo_x`,
      `${layer}mixer.mimo_z`,
      `${layer}mixer.mimo_o`,
      `${layer}mixer.norm.weight`,
    ],
    'mamba3-siso-mlp': [`${layer}norm2.weight`, `${layer}mlp.fc1.weight`, `${layer}mlp.fc2.weight`],
  }
  for (const [name, tensors] of Object.entries(weights)) {
    test.each(tensors)(`of ${name}: one element of %s`, async (tensor) => {
      expect(await failures(withWeight(name, tensor, 5, (x) => x + 2))).toContain('logits')
    })
  }

  test('of the embedding: one element of the row of an id that is read', async () => {
    const [id] = goldens['mamba-options']!.expected.input_ids!.data
    const golden = withWeight('mamba-options', 'backbone.embeddings.weight', id! * 32 + 5, (x) => x + 2)
    expect(await failures(golden)).toContain('hidden_states.0')
  })

  test('with the hidden states from its layer on, and not those before', async () => {
    const failed = await failures(withWeight('mamba-options', `${layer}mixer.D`, 0, (x) => x + 0.5))
    expect(failed).toEqual(expect.arrayContaining(['hidden_states.1', 'hidden_states.2', 'logits', 'loss']))
    expect(failed).not.toContain('hidden_states.0')
  })

  test('that is NaN, in everything that it reaches', async () => {
    const failed = await failures(withWeight('mamba2-clamp', `${layer}mixer.D`, 0, () => Number.NaN))
    expect(failed).toEqual([
      'greedy_ids_full_forward',
      'hidden_states.1',
      'hidden_states.2',
      'hidden_states.3',
      'logits',
      'loss',
      'one pass = other random chunks',
      'one pass = random chunks',
      'one pass = token by token',
      'saved and reloaded state',
    ])
  })
})

describe('verify fails on a changed expectation, and names it', () => {
  test.each([
    ['logits', 999, (x: number) => x + 0.01],
    ['hidden_states.0', 0, (x: number) => x + 0.01],
    ['hidden_states.2', 2367, (x: number) => x + 0.01],
    ['loss', 0, (x: number) => x + 2e-5],
    ['loss', 0, () => Number.NaN],
    ['logits', 0, () => Number.NaN],
    ['logits', 0, () => Number.POSITIVE_INFINITY],
    ['greedy_ids_full_forward', 24, (x: number) => (x + 1) % 160],
    ['greedy_ids_full_forward', 9, (x: number) => (x + 1) % 160],
    ['greedy_ids_full_forward', 3, (x: number) => (x + 1) % 160],
  ] as const)('%s [%i]', async (name, index, change) => {
    expect(await failures(withExpectation('mamba-options', name, index, change))).toEqual([name])
  })

  test('input_ids: everything that follows from them', async () => {
    const failed = await failures(withExpectation('mamba-options', 'input_ids', 40, (x) => (x + 1) % 160))
    expect(failed).toEqual(['hidden_states.0', 'hidden_states.1', 'hidden_states.2', 'logits', 'loss'])
  })

  test('an array that is too long or too short', async () => {
    const { data, ...logits } = goldens['mamba-options']!.expected.logits!
    for (const part of [data.slice(160), new Float32Array(data.length + 160)]) {
      const shape = [1, part.length / 160, 160]
      expect(
        await failures(
          withArrays('mamba-options', { logits: { ...logits, shape, data: part as Float32Array } }),
        ),
      ).toEqual(['logits'])
    }
  })

  test('a hidden state of a layer that the model does not have', async () => {
    const extra = { 'hidden_states.3': goldens['mamba-options']!.expected['hidden_states.2']! }
    expect(await failures(withArrays('mamba-options', extra))).toEqual(['hidden_states.3'])
  })
})

describe('verify refuses', () => {
  const refused = async (files: Record<string, Uint8Array>, message: string | RegExp) => {
    const { backend, live } = countingBackend()
    const error = await verifyCheckpoint(files, { backend }).catch((error) => error)
    expect(error).toBeInstanceOf(CheckpointError)
    expect(error.message).toMatch(message)
    expect(live()).toBe(0)
  }

  test('a checkpoint without expected.safetensors', () =>
    refused(modelFiles(goldens['mamba-options']!.checkpoint), 'there is no expected.safetensors'))

  test('an expected.safetensors that is no such file', () =>
    refused(
      { ...goldenFiles(goldens['mamba-options']!), 'expected.safetensors': new Uint8Array(5) },
      'expected.safetensors',
    ))

  test('one without input_ids, or with none', async () => {
    await refused(goldenFiles(withArrays('mamba-options', { input_ids: undefined })), 'input_ids')
    const none = { dtype: 'I32', shape: [2, 0], data: new Int32Array(0) }
    await refused(
      goldenFiles(withArrays('mamba-options', { input_ids: none })),
      'input_ids (batch, length) is missing or empty',
    )
    const flat = { dtype: 'I32', shape: [3], data: new Int32Array(3) }
    await refused(goldenFiles(withArrays('mamba-options', { input_ids: flat })), 'input_ids')
  })

  test('one that holds input_ids and nothing to compare with', async () => {
    const { input_ids, greedy_ids } = goldens['mamba-options']!.expected
    const files = {
      ...goldenFiles(goldens['mamba-options']!),
      'expected.safetensors': encodeArrays({ input_ids: input_ids!, greedy_ids: greedy_ids! }),
    }
    await refused(files, 'nothing that a reference computed')
  })

  test('arrays of another dtype', async () => {
    const { expected } = goldens['mamba-options']!
    const ids = { ...expected.input_ids!, dtype: 'F32' }
    await refused(
      goldenFiles(withArrays('mamba-options', { input_ids: ids })),
      'input_ids is F32; expected I32',
    )
    const logits = { ...expected.logits!, dtype: 'I32' }
    await refused(goldenFiles(withArrays('mamba-options', { logits })), 'logits is I32; expected F32')
    const greedy = { ...expected.greedy_ids_full_forward!, dtype: 'F32' }
    await refused(
      goldenFiles(withArrays('mamba-options', { greedy_ids_full_forward: greedy })),
      'greedy_ids_full_forward is F32',
    )
  })

  test('greedy ids that are a prompt without continuation', async () => {
    const data = goldens['mamba-options']!.expected.input_ids!.data.slice(0, 9)
    const greedy = { dtype: 'I32', shape: [1, 9], data }
    await refused(
      goldenFiles(withArrays('mamba-options', { greedy_ids_full_forward: greedy })),
      'greedy_ids_full_forward has 9 ids',
    )
  })

  test('to go on after its signal, and frees everything', async () => {
    const { backend, live } = countingBackend()
    const controller = new AbortController()
    const reason = new Error('enough')
    const run = verifyCheckpoint(goldenFiles(goldens['mamba-options']!), {
      backend,
      signal: controller.signal,
      onCheck: () => controller.abort(reason),
    })
    await expect(run).rejects.toBe(reason)
    expect(live()).toBe(0)
  })
})

test('verify ignores the penalties that generation_config.json suggests', async () => {
  const generation = { do_sample: true, repetition_penalty: 5, eos_token_id: 1 }
  const files = {
    ...goldenFiles(goldens['mamba2-clamp']!),
    'generation_config.json': new TextEncoder().encode(JSON.stringify(generation)),
  }
  expect((await verifyCheckpoint(files)).ok).toBe(true)
})
