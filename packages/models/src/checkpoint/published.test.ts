import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { typedArrayOf } from '@mamba/core'
import { fixturePath, readGoldens, sharedPath } from '@mamba/testing'
import { describe, expect, test } from 'vitest'
import { parseConfigJson } from '../config/config-json.ts'
import { ConfigReader } from '../config/config-reader.ts'
import type { Checkpoint } from './checkpoint.ts'
import { openCheckpoint } from './open-checkpoint.ts'
import { openSource, type SourceInput } from './sources/open-source.ts'
import { readText } from './text.ts'

const open = async (input: SourceInput) => openCheckpoint(await openSource(input))

async function floats(checkpoint: Checkpoint, name: string): Promise<Float32Array> {
  const { dtype } = checkpoint.info(name)
  const stored = typedArrayOf(dtype!, await checkpoint.read(name))
  if (dtype === 'f32') return stored as Float32Array
  if (dtype === 'bf16') return new Float32Array(Uint32Array.from(stored, (bits) => bits << 16).buffer)
  throw new Error(`${name} is ${dtype}`)
}

describe('fixtures in the layout of Hugging Face', () => {
  test.each(['mamba', 'mamba-options', 'falcon-mamba', 'mamba2', 'mamba2-groups', 'mamba2-clamp'])(
    '%s is read as the independent reader of goldens reads it',
    async (name) => {
      const goldens = readGoldens(fixturePath(name, 'model.safetensors'))
      const checkpoint = await open(fixturePath(name))
      expect([...checkpoint.names].sort()).toEqual([...goldens.names].sort())
      for (const tensor of checkpoint.names) {
        const { shape, data } = goldens.floats(tensor)
        expect(checkpoint.info(tensor).shape).toEqual(shape)
        expect(await floats(checkpoint, tensor)).toEqual(data)
      }
      await checkpoint.close()
    },
  )
})

describe('fixtures in the official layout, written by torch.save', () => {
  // Sums of all elements in float64, by Python's zipfile and numpy.
  const sums: [folder: string, tensors: number, sum: number][] = [
    ['mamba3-mimo-groups', 39, 6858.092180313446],
    ['mamba3-mimo-norm', 42, 5417.890063919134],
    ['mamba3-mimo', 39, 8882.71066844839],
    ['mamba3-siso-mlp', 39, 1250.492020464417],
    ['mamba3-siso-norm-groups', 29, 1141.5722938071435],
    ['mamba3-siso', 30, 2016.7453839264965],
  ]
  test.each(sums)('%s holds %s tensors that add up to %s', async (folder, count, sum) => {
    const source = await openSource(fixturePath(folder))
    const config = new ConfigReader(
      parseConfigJson((await readText(source, 'config.json'))!, 'config.json'),
      'config.json',
    )
    const checkpoint = await openCheckpoint(source)
    expect(checkpoint.format).toBe('torch')
    expect(checkpoint.names).toHaveLength(count)
    let total = 0
    for (const name of checkpoint.names) for (const value of await floats(checkpoint, name)) total += value
    expect(total).toBeCloseTo(sum, 6)
    expect(checkpoint.info('backbone.embedding.weight').shape).toEqual([160, config.size('d_model')])
    if (config.boolean('tie_embeddings')) {
      const [head, embedding] = ['lm_head.weight', 'backbone.embedding.weight']
      expect(Buffer.compare(await checkpoint.read(head), await checkpoint.read(embedding))).toBe(0)
    }
    await checkpoint.close()
  })
})

describe('trained models', () => {
  const folder = (name: string) => sharedPath('models', name)

  test.for(['stories-mamba-13m', 'stories-mamba2-13m'])(
    '%s is read from its two shards',
    async (name, { skip }) => {
      const path = folder(name)
      if (path === undefined) return skip('../shared is not here')
      const checkpoint = await open(path)
      const { weight_map: weightMap } = JSON.parse(
        readFileSync(join(path, 'model.safetensors.index.json'), 'utf8'),
      )
      expect([...checkpoint.names].sort()).toEqual(Object.keys(weightMap).sort())
      for (const file of new Set<string>(Object.values(weightMap))) {
        const bytes = readFileSync(join(path, file))
        const dataStart = 8 + Number(bytes.readBigUInt64LE())
        const { __metadata__: _, ...entries } = JSON.parse(bytes.toString('utf8', 8, dataStart))
        for (const [
          tensor,
          {
            shape,
            data_offsets: [begin, end],
          },
        ] of Object.entries<{ shape: number[]; data_offsets: number[] }>(entries)) {
          expect(checkpoint.info(tensor)).toMatchObject({ shape, dtype: 'bf16', file: join(path, file) })
          const expected = bytes.subarray(dataStart + begin!, dataStart + end!)
          expect(Buffer.compare(await checkpoint.read(tensor), expected)).toBe(0)
        }
      }
      await checkpoint.close()
    },
  )

  const ggufPath = fileURLToPath(
    new URL('../../../stories/data/stories-mamba-13m-q8_0.gguf', import.meta.url),
  )
  const original = folder('stories-mamba-13m')

  test.skipIf(original === undefined || !existsSync(ggufPath))(
    'the embedded GGUF holds the weights of the trained model, rounded to q8_0',
    async () => {
      const gguf = await open(ggufPath)
      const trained = await open(original!)
      expect(gguf.metadata['general.architecture']).toBe('mamba')
      expect(gguf.metadata['mamba.ssm.state_size']).toBe(16)
      expect(gguf.metadata['tokenizer.ggml.tokens']).toHaveLength(4096)

      const pairs: [gguf: string, trained: string][] = [['token_embd.weight', 'backbone.embeddings.weight']]
      for (const layer of [0, 11]) {
        for (const part of ['in', 'x', 'out']) {
          pairs.push([
            `blk.${layer}.ssm_${part}.weight`,
            `backbone.layers.${layer}.mixer.${part}_proj.weight`,
          ])
        }
      }
      for (const [name, trainedName] of pairs) {
        expect(gguf.info(name).shape).toEqual(trained.info(trainedName).shape)
        await expectRounded(await gguf.read(name), await floats(trained, trainedName))
      }
      expect(await floats(gguf, 'output_norm.weight')).toEqual(
        await floats(trained, 'backbone.norm_f.weight'),
      )
      expect(await floats(gguf, 'blk.3.ssm_conv1d.weight')).toEqual(
        await floats(trained, 'backbone.layers.3.mixer.conv1d.weight'),
      )
      const A = await floats(gguf, 'blk.3.ssm_a')
      const ALog = await floats(trained, 'backbone.layers.3.mixer.A_log')
      for (let i = 0; i < A.length; i++) expect(A[i]).toBeCloseTo(-Math.exp(ALog[i]!), 4)
      await gguf.close()
      await trained.close()
    },
  )
})

/** Every block of 34 bytes is a float16 step and 32 multiples of it, each within half a step of the original. */
async function expectRounded(blocks: Uint8Array, original: Float32Array): Promise<void> {
  const view = new DataView(blocks.buffer, blocks.byteOffset, blocks.byteLength)
  let worst = 0
  for (let i = 0; i < original.length; i++) {
    const block = Math.floor(i / 32) * 34
    const step = float16(view.getUint16(block, true))
    const error = Math.abs(step * view.getInt8(block + 2 + (i % 32)) - original[i]!)
    // The step itself is rounded to 11 bits, and multiplied by up to 127.
    worst = Math.max(worst, error / (step * (0.5 + 127 * 2 ** -11)))
  }
  expect(blocks.byteLength).toBe((original.length / 32) * 34)
  expect(worst).toBeLessThanOrEqual(1)
  expect(worst).toBeGreaterThan(0.5)
}

function float16(bits: number): number {
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  const magnitude = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25)
  return bits >> 15 ? -magnitude : magnitude
}
