import { CheckpointError } from '@mamba/core'
import { fixturePath, readGoldens } from '@mamba/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { loadModel } from '../../model/load-model.ts'
import { toGguf, withF32Epsilon } from '../../testing/gguf-model.ts'
import { logitsOfCheckpoint, relativeError } from '../../testing/logits.ts'
import {
  modelFiles,
  readFixture,
  renamed,
  rounded,
  type TestCheckpoint,
} from '../../testing/memory-checkpoint.ts'

const golden = readGoldens(fixturePath('mamba2', 'expected.safetensors'))
const ids = Array.from(golden.ints('input_ids').data.subarray(0, 37))

let fixture: TestCheckpoint
let groups: TestCheckpoint
let want: Float32Array

beforeAll(async () => {
  fixture = await readFixture('mamba2')
  groups = await readFixture('mamba2-groups')
  want = await logitsOfCheckpoint(fixture, ids)
})

/** A Hugging Face checkpoint as the official repository would have it. */
function official({ config, tensors }: TestCheckpoint, keys: Record<string, unknown> = {}): TestCheckpoint {
  return {
    config: {
      d_model: config.hidden_size,
      n_layer: config.num_hidden_layers,
      vocab_size: config.vocab_size,
      tie_embeddings: config.tie_word_embeddings,
      ssm_cfg: {
        d_state: config.state_size,
        headdim: config.head_dim,
        ngroups: config.n_groups,
        bias: config.use_bias,
        conv_bias: config.use_conv_bias,
        ...keys,
      },
    },
    tensors: renamed(tensors, (name) => name.replace('embeddings', 'embedding')),
  }
}

describe("Mamba-2 in the official layout computes what Hugging Face's does", () => {
  test('with the class named', async () => {
    expect(await logitsOfCheckpoint(official(fixture, { layer: 'Mamba2' }), ids)).toEqual(want)
  })

  test('with the class recognised by a state matrix of one number a head', async () => {
    expect(await logitsOfCheckpoint(official(fixture), ids)).toEqual(want)
  })

  test('with a limit of the step size', async () => {
    const clamp = await readFixture('mamba2-clamp')
    const checkpoint = official(clamp, { layer: 'Mamba2', dt_limit: [0.01, 0.06] })
    expect(await logitsOfCheckpoint(checkpoint, ids)).toEqual(await logitsOfCheckpoint(clamp, ids))
  })
})

describe('the gated norm of several groups', () => {
  test("is whole in Hugging Face's layout and grouped in the official one", async () => {
    const whole = await logitsOfCheckpoint(groups, ids)
    const grouped = await logitsOfCheckpoint(official(groups), ids)
    expect(relativeError(grouped, whole)).toBeGreaterThan(0.1)
    expect(await logitsOfCheckpoint(groups, ids, { mamba2Norm: 'whole' })).toEqual(whole)
    expect(await logitsOfCheckpoint(official(groups), ids, { mamba2Norm: 'grouped' })).toEqual(grouped)
  })

  test('is as the option has it, in every layout', async () => {
    const whole = await logitsOfCheckpoint(groups, ids)
    const grouped = await logitsOfCheckpoint(official(groups), ids)
    expect(await logitsOfCheckpoint(groups, ids, { mamba2Norm: 'grouped' })).toEqual(grouped)
    expect(await logitsOfCheckpoint(official(groups), ids, { mamba2Norm: 'whole' })).toEqual(whole)
  })
})

describe('Mamba-2 as GGUF', () => {
  test('computes the same logits, with A stored negated', async () => {
    const got = await logitsOfCheckpoint({ 'model.gguf': toGguf(fixture) }, ids)
    expect(got).toEqual(await logitsOfCheckpoint(withF32Epsilon(fixture), ids))
  })

  test('normalises each group on its own', async () => {
    const source = { 'model.gguf': toGguf(groups) }
    const same = withF32Epsilon(groups)
    const grouped = await logitsOfCheckpoint(same, ids, { mamba2Norm: 'grouped' })
    expect(await logitsOfCheckpoint(source, ids)).toEqual(grouped)
    const whole = await logitsOfCheckpoint(same, ids, { mamba2Norm: 'whole' })
    expect(await logitsOfCheckpoint(source, ids, { mamba2Norm: 'whole' })).toEqual(whole)
  })
})

describe('Mamba-2 with its head', () => {
  test('untied where the configuration does not say, and so without lm_head incomplete', async () => {
    const { tie_word_embeddings: _, ...config } = fixture.config
    const error = await loadModel(modelFiles({ ...fixture, config })).catch((error) => error)
    expect(error).toBeInstanceOf(CheckpointError)
    expect(error.message).toBe(
      'memory/model.safetensors: tensor lm_head.weight is missing; the configuration asks for [160, 48]',
    )
    const tensors = { ...fixture.tensors, 'lm_head.weight': fixture.tensors['backbone.embeddings.weight']! }
    expect(await logitsOfCheckpoint({ config, tensors }, ids)).toEqual(want)
  })
})

describe('an infinite limit of the step size', () => {
  const spellings = {
    'as a bare word': 'Infinity',
    'as a string': '"Infinity"',
    'as an object': '{"__float__": "Infinity"}',
  }
  test.each(Object.entries(spellings))('is read %s', async (_, spelling) => {
    const files = modelFiles(fixture)
    const config = JSON.stringify({ ...fixture.config, time_step_limit: ['from', 'to'] })
    const text = config.replace('"from"', '0.0').replace('"to"', spelling)
    const source = { ...files, 'config.json': new TextEncoder().encode(text) }
    expect(await logitsOfCheckpoint(source, ids)).toEqual(want)
  })

  test('is the default', async () => {
    const { time_step_limit: _, ...config } = fixture.config
    expect(await logitsOfCheckpoint({ ...fixture, config }, ids)).toEqual(want)
  })
})

test.each(['f16', 'bf16'] as const)(
  'weights in %s give the logits of the same values in f32',
  async (dtype) => {
    const same = { ...groups, tensors: rounded(groups.tensors, dtype) }
    expect(await logitsOfCheckpoint(modelFiles(groups, dtype), ids)).toEqual(
      await logitsOfCheckpoint(same, ids),
    )
  },
)

test('the chunk size changes no logit', async () => {
  const config = { ...fixture.config, chunk_size: 5 }
  expect(await logitsOfCheckpoint({ ...fixture, config }, ids)).toEqual(want)
})
