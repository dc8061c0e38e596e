import { readFile } from 'node:fs/promises'
import { toFloat32, typedArrayOf } from '@mamba/core'
import { describe, expect, test } from 'vitest'
import { openGguf } from '../checkpoint/formats/gguf/gguf.ts'
import { bytesFile, openCheckpoint, openSource, type SourceInput } from '../checkpoint/index.ts'
import { loadModel } from '../model/load-model.ts'
import { type Preset, presets } from '../random/presets.ts'
import { randomSource } from '../random/random-model.ts'
import { expectError } from '../testing/expect-error.ts'
import { withF32Epsilon } from '../testing/gguf-model.ts'
import { logitsOf, logitsOfCheckpoint } from '../testing/logits.ts'
import { modelFiles, readFixture } from '../testing/memory-checkpoint.ts'
import { storiesFolder } from '../testing/tiny-text-model.ts'
import { type ExportGgufOptions, exportGguf } from './export-gguf.ts'

const ids = [3, 1, 4, 1, 5, 9, 2, 6]

async function exported(source: SourceInput, options?: ExportGgufOptions): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of exportGguf(source, options)) pieces.push(piece)
  return new Uint8Array(Buffer.concat(pieces))
}

async function metadataOf(file: Uint8Array) {
  return (await openGguf(bytesFile('file', file))).metadata
}

const small = (name: string): Preset => ({ ...presets[name]!, nLayers: 2, dModel: 64, vocabSize: 61 })

/** Logits of all positions, of a file that was exported. */
async function logitsOfFile(file: Uint8Array): Promise<Float32Array> {
  using model = await loadModel(file)
  return logitsOf(model, ids)
}

describe('a model and its GGUF file have the same logits:', () => {
  // The file holds the ε of the norms as float32.
  test.each(['mamba', 'mamba-options', 'falcon-mamba', 'mamba2'])('%s', async (name) => {
    const checkpoint = withF32Epsilon(await readFixture(name))
    const got = await logitsOfFile(await exported(modelFiles(checkpoint)))
    expect(got).toEqual(await logitsOfCheckpoint(checkpoint, ids))
  })

  test('Mamba-2 with groups, if they are normalised apart', async () => {
    const checkpoint = withF32Epsilon(await readFixture('mamba2-groups'))
    const got = await logitsOfFile(await exported(modelFiles(checkpoint), { mamba2Norm: 'grouped' }))
    expect(got).toEqual(await logitsOfCheckpoint(checkpoint, ids, { mamba2Norm: 'grouped' }))
  })

  test.each(['mamba-130m', 'mamba2-130m'])('the official layout, as %s', async (name) => {
    for (const dtype of ['f16', 'q8_0', 'q4_0'] as const) {
      const source = randomSource('random', small(name), { dtype })
      using model = await loadModel(source)
      const got = await logitsOfFile(await exported(source))
      const want = await logitsOf(model, ids)
      // The official ε, 1e-5, is no float32.
      for (const [i, x] of got.entries()) expect(Math.abs(x - want[i]!)).toBeLessThan(1e-5)
    }
  })
})

test('quantises the matrices, and leaves all else and the projection to Δ in f32', async () => {
  const source = randomSource('random', small('mamba-130m'), { dtype: 'f32' })
  const file = await openGguf(bytesFile('file', await exported(source, { dtype: 'q8_0' })))
  const original = await openCheckpoint(source)
  const quantised = file.names.filter((name) => file.info(name).dtype !== 'f32')
  expect(quantised).toEqual([
    'token_embd.weight',
    ...[0, 1].flatMap((i) => ['in', 'x', 'out'].map((part) => `blk.${i}.ssm_${part}.weight`)),
  ])
  const stored = typedArrayOf('q8_0', await file.read('token_embd.weight'))
  const values = toFloat32('q8_0', stored, 64 * 64)
  const want = typedArrayOf('f32', await original.read('backbone.embedding.weight'))
  const largest = Math.max(...values.map(Math.abs))
  for (const [i, x] of values.entries()) expect(Math.abs(x - want[i]!)).toBeLessThan(largest / 127)
})

test('says what llama.cpp asks for', async () => {
  const metadata = await metadataOf(
    await exported(randomSource('random', small('mamba2-130m'), { dtype: 'q8_0' })),
  )
  expect(metadata).toMatchObject({
    'general.architecture': 'mamba2',
    'general.file_type': 7,
    'mamba2.block_count': 2,
    'mamba2.context_length': 2 ** 20,
    'mamba2.embedding_length': 64,
    'mamba2.feed_forward_length': 0,
    'mamba2.attention.head_count': 0,
    'mamba2.attention.layer_norm_rms_epsilon': Math.fround(1e-5),
    'mamba2.ssm.conv_kernel': 4,
    'mamba2.ssm.inner_size': 128,
    'mamba2.ssm.state_size': 128,
    'mamba2.ssm.time_step_rank': 2,
    'mamba2.ssm.group_count': 1,
  })
})

describe('the tokenizer', () => {
  const files = async (changes: object = {}) => {
    const text = await readFile(`${storiesFolder}/tokenizer.json`, 'utf8')
    const json = { ...JSON.parse(text), ...changes }
    return { 'tokenizer.json': new TextEncoder().encode(JSON.stringify(json)) }
  }
  /** A source with a vocabulary of 4,100, four more than the tokenizer has. */
  const sourceWith = async (tokenizer: Readonly<Record<string, Uint8Array>>): Promise<SourceInput> => {
    const source = randomSource('random', {
      ...small('mamba-130m'),
      vocabSize: 4100,
      padVocabSizeMultiple: 4,
    })
    const other = await openSource(tokenizer)
    return { ...source, open: async (path) => (await source.open(path)) ?? other.open(path) }
  }

  test('is written as llama.cpp reads it', async () => {
    const config = await readFile(`${storiesFolder}/tokenizer_config.json`)
    const tokenizer = await files()
    const file = await exported(await sourceWith({ ...tokenizer, 'tokenizer_config.json': config }))
    const metadata = await metadataOf(file)
    const tokens = metadata['tokenizer.ggml.tokens'] as string[]
    const types = metadata['tokenizer.ggml.token_type'] as number[]
    const merges = metadata['tokenizer.ggml.merges'] as string[]
    expect(tokens).toHaveLength(4100)
    expect([tokens[0], tokens[1], tokens[4099]]).toEqual(['<|endoftext|>', '!', '[PAD4099]'])
    expect([types[0], types[1], types[4099]]).toEqual([3, 1, 5])
    expect([merges.length, merges[0]]).toEqual([3839, 'Ġ t'])
    expect(metadata).toMatchObject({
      'tokenizer.ggml.model': 'gpt2',
      'tokenizer.ggml.pre': 'gpt-2',
      'tokenizer.ggml.bos_token_id': 0,
      'tokenizer.ggml.eos_token_id': 0,
      'tokenizer.ggml.add_bos_token': true,
    })
  })

  test('marks added tokens that are not special as such', async () => {
    const added = { id: 4096, content: '  ', special: false }
    const metadata = await metadataOf(
      await exported(await sourceWith(await files({ added_tokens: [added] }))),
    )
    expect((metadata['tokenizer.ggml.tokens'] as string[])[4096]).toBe('  ')
    expect((metadata['tokenizer.ggml.token_type'] as number[])[4096]).toBe(4)
  })

  test('of another kind is refused', async () => {
    const refused = async (changes: object, ...parts: string[]) =>
      expectError(exported(await sourceWith(await files(changes))), 'ConfigError', 'tokenizer.json', ...parts)
    await refused({ pre_tokenizer: { type: 'Metaspace' } }, 'pre_tokenizer is', 'ByteLevel')
    await refused({ pre_tokenizer: { type: 'ByteLevel', add_prefix_space: true } }, 'no added space')
    await refused({ pre_tokenizer: null }, 'pre_tokenizer')
    await refused({ normalizer: { type: 'Lowercase' } }, 'normalizer is')
  })

  test('of a model that has none is made of placeholders', async () => {
    const metadata = await metadataOf(await exported(randomSource('random', small('mamba-130m'))))
    expect((metadata['tokenizer.ggml.tokens'] as string[]).slice(-2)).toEqual(['[62]', '[63]'])
    expect(metadata['tokenizer.ggml.merges']).toEqual([])
  })
})

describe('is refused:', () => {
  const fixture = async (name: string) => modelFiles(await readFixture(name))

  test('what GGUF has no words for', async () => {
    await expectError(exported(await fixture('mamba3-siso')), 'ConfigError', 'the model is mamba3')
    await expectError(exported(await fixture('mamba2-clamp')), 'ConfigError', 'limits of Δ, [0.01,0.06]')
    const groups = await fixture('mamba2-groups')
    await expectError(
      exported(groups),
      'ConfigError',
      '2 groups together, as the huggingface layout',
      "'grouped'",
    )
    const withMlp = randomSource('random', { ...small('mamba-130m'), dIntermediate: 64 })
    await expectError(exported(withMlp), 'ConfigError', 'a gated MLP after each mixer')
  })

  test('GGUF', async () => {
    const file = await exported(await fixture('mamba'))
    await expectError(exported(file), 'CheckpointError', 'is GGUF already')
  })

  test('a tensor that GGUF has no name for', async () => {
    const { config, tensors } = await readFixture('mamba')
    const extra = { ...tensors, 'backbone.layers.0.mixer.odd': { shape: [1], data: new Float32Array(1) } }
    const source = modelFiles({ config, tensors: extra })
    await expectError(
      exported(source),
      'CheckpointError',
      '"backbone.layers.0.mixer.odd" has no name in GGUF',
    )
  })

  test('a dtype that weights cannot have', async () => {
    await expectError(exported(await fixture('mamba'), { dtype: 'i32' }), 'ConfigError', 'dtype is i32')
  })
})
