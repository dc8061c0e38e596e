import { fixturePath, readGoldens } from '@mamba/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { loadModel } from '../../model/load-model.ts'
import { toGguf, withF32Epsilon } from '../../testing/gguf-model.ts'
import { logitsOf, logitsOfCheckpoint } from '../../testing/logits.ts'
import {
  modelFiles,
  readFixture,
  renamed,
  rounded,
  type TestCheckpoint,
} from '../../testing/memory-checkpoint.ts'

const golden = readGoldens(fixturePath('mamba', 'expected.safetensors'))
const ids = Array.from(golden.ints('input_ids').data.subarray(0, 37))

let fixture: TestCheckpoint
let want: Float32Array

beforeAll(async () => {
  fixture = await readFixture('mamba')
  want = await logitsOfCheckpoint(fixture, ids)
})

/** The fixture as the official repository would have it. */
function official(config: Record<string, unknown> = {}): TestCheckpoint {
  return {
    config: { d_model: 48, n_layer: 3, vocab_size: 160, ssm_cfg: {}, ...config },
    tensors: renamed(fixture.tensors, (name) => name.replace('embeddings', 'embedding')),
  }
}

describe("Mamba-1 in the official layout computes what Hugging Face's does", () => {
  test('with the class recognised by its tensors', async () => {
    expect(await logitsOfCheckpoint(official(), ids)).toEqual(want)
  })

  test('with the class named, and every key that published files have', async () => {
    const checkpoint = official({
      d_intermediate: 0,
      ssm_cfg: { layer: 'Mamba1' },
      attn_layer_idx: [],
      attn_cfg: {},
      rms_norm: true,
      residual_in_fp32: true,
      fused_add_norm: true,
      tie_embeddings: true,
    })
    expect(await logitsOfCheckpoint(checkpoint, ids)).toEqual(want)
  })

  test('with model_type null', async () => {
    expect(await logitsOfCheckpoint(official({ model_type: null }), ids)).toEqual(want)
  })

  test('with a vocabulary that is padded in the file and not in the configuration', async () => {
    const files = modelFiles(official({ vocab_size: 157, pad_vocab_size_multiple: 8 }))
    using model = await loadModel(files)
    expect(model.config).toMatchObject({ vocabSize: 157, paddedVocabSize: 160 })
    expect(model.vocabSize).toBe(157)
    const known = ids.map((id) => Math.min(id, 156))
    expect(await logitsOf(model, known)).toEqual(await logitsOfCheckpoint(fixture, known))
  })

  test('never choosing an id of the padding, however likely', async () => {
    const { data } = fixture.tensors['backbone.embeddings.weight']!
    const likely = data.slice()
    for (let i = 157 * 48; i < likely.length; i++) likely[i]! *= 1000
    const checkpoint = official({ vocab_size: 157 })
    const tensors = { ...checkpoint.tensors, 'backbone.embedding.weight': { shape: [160, 48], data: likely } }
    using model = await loadModel(modelFiles({ ...checkpoint, tensors }))
    for (const options of [
      { greedy: true },
      { temperature: 2, seed: 1 },
      { greedy: true, repetitionPenalty: 1.5 },
    ]) {
      const { ids } = await model.complete([1, 2, 3], { ...options, maxTokens: 12, stopIds: [] })
      expect(Math.max(...ids)).toBeLessThan(157)
    }
    for await (const { topLogprobs } of model.generate([1, 2, 3], {
      maxTokens: 3,
      stopIds: [],
      logprobs: 160,
    })) {
      expect(topLogprobs!.map(({ id }) => id).toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: 157 }, (_, i) => i),
      )
      expect(topLogprobs!.reduce((sum, { logprob }) => sum + Math.exp(logprob), 0)).toBeCloseTo(1, 10)
    }
    expect(() => model.forward([157])).toThrow(
      '157 at position 0 is outside the vocabulary; expected 0 to 156',
    )
  })
})

describe('Mamba-1 as GGUF', () => {
  test('computes the same logits, with A stored negated', async () => {
    const got = await logitsOfCheckpoint({ 'model.gguf': toGguf(fixture) }, ids)
    expect(got).toEqual(await logitsOfCheckpoint(withF32Epsilon(fixture), ids))
  })

  test('keeps its untied head and its biases', async () => {
    const options = await readFixture('mamba-options')
    const got = await logitsOfCheckpoint({ 'model.gguf': toGguf(options) }, ids)
    expect(got).toEqual(await logitsOfCheckpoint(withF32Epsilon(options), ids))
  })

  test('says which ids end a text, and nothing beside it does', async () => {
    const other = new TextEncoder().encode('{ "model_type": "mamba2", "eos_token_id": 3 }')
    using model = await loadModel({ 'model.gguf': toGguf(fixture), 'config.json': other })
    expect(model.generationDefaults.stopIds).toEqual([7])
    expect(model.config.modelType).toBe('mamba')
  })
})

describe('Mamba-1 with its head', () => {
  test('tied ignores a head that repeats the embedding', async () => {
    const head = fixture.tensors['backbone.embeddings.weight']!
    const tensors = { ...fixture.tensors, 'lm_head.weight': head }
    expect(await logitsOfCheckpoint({ ...fixture, tensors }, ids)).toEqual(want)
  })

  test('tied where the configuration does not say', async () => {
    const { tie_word_embeddings: _, ...config } = fixture.config
    expect(await logitsOfCheckpoint({ ...fixture, config }, ids)).toEqual(want)
  })

  test('untied uses its own matrix', async () => {
    const { shape, data } = fixture.tensors['backbone.embeddings.weight']!
    const tensors = { ...fixture.tensors, 'lm_head.weight': { shape, data: data.map((x) => -2 * x) } }
    const config = { ...fixture.config, tie_word_embeddings: false }
    expect(await logitsOfCheckpoint({ config, tensors }, ids)).toEqual(want.map((logit) => -2 * logit))
  })
})

test.each(['f16', 'bf16'] as const)(
  'weights in %s give the logits of the same values in f32',
  async (dtype) => {
    const same = { ...fixture, tensors: rounded(fixture.tensors, dtype) }
    expect(await logitsOfCheckpoint(modelFiles(fixture, dtype), ids)).toEqual(
      await logitsOfCheckpoint(same, ids),
    )
  },
)

test('the automatic rank of Δ is a sixteenth of the width, rounded up', async () => {
  const config = { ...fixture.config, time_step_rank: 'auto' }
  expect(await logitsOfCheckpoint({ ...fixture, config }, ids)).toEqual(want)
})
