import { MambaError } from '@mamba/core'
import { beforeAll, describe, expect, test } from 'vitest'
import { tableCheckpoint } from '../checkpoint/checkpoint.ts'
import { trackedSource } from '../checkpoint/testing/tracked-source.ts'
import { loadModel } from '../model/load-model.ts'
import { countingBackend } from '../testing/counting-backend.ts'
import { expectError } from '../testing/expect-error.ts'
import { losingBackend } from '../testing/losing-backend.ts'
import { encodeWeights, modelFiles, readFixture, type TestCheckpoint } from '../testing/memory-checkpoint.ts'
import { WeightLoader, WeightReader } from './weight-reader.ts'

let fixture: TestCheckpoint

beforeAll(async () => {
  fixture = await readFixture('mamba-options')
})

const D = 'backbone.layers.1.mixer.D'

function withTensor(
  name: string,
  tensor: TestCheckpoint['tensors'][string] | undefined,
): Record<string, Uint8Array> {
  const tensors = { ...fixture.tensors, [name]: tensor }
  if (!tensor) delete tensors[name]
  return modelFiles({ ...fixture, tensors: tensors as TestCheckpoint['tensors'] })
}

/** Asserts that files are refused by these words, with nothing left open or allocated. */
async function refused(files: Record<string, Uint8Array>, ...parts: string[]): Promise<void> {
  const source = trackedSource(files)
  const { backend, live } = countingBackend()
  await expectError(loadModel(source, { backend }), 'CheckpointError', 'memory/model.safetensors', ...parts)
  expect({ open: source.openFiles(), live: live() }).toEqual({ open: 0, live: 0 })
}

describe('weights are refused by name', () => {
  test.each([
    'backbone.embeddings.weight',
    'backbone.norm_f.weight',
    'lm_head.weight',
    'backbone.layers.0.norm.weight',
    'backbone.layers.1.mixer.A_log',
    'backbone.layers.1.mixer.in_proj.bias',
    D,
  ])('if %s is missing', (name) => refused(withTensor(name, undefined), `tensor ${name} is missing`))

  test('if there are fewer layers than the configuration says, or more', async () => {
    const files = (layers: number) =>
      modelFiles({ ...fixture, config: { ...fixture.config, num_hidden_layers: layers } })
    await refused(
      files(3),
      'tensor backbone.layers.2.norm.weight is missing; the configuration asks for [32]',
    )
    await refused(files(1), '11 tensors that this architecture does not have: backbone.layers.1.', ', …')
  })

  test('if one is there that the model does not have', () =>
    refused(
      withTensor('backbone.layers.1.mixer.conv1d.bias', { shape: [96], data: new Float32Array(96) }),
      '1 tensors that this architecture does not have: backbone.layers.1.mixer.conv1d.bias',
    ))

  test.each([[[95]], [[97]], [[0]], [[2, 48]], [[]]])('if D is %j', (shape) => {
    const count = shape.reduce((product, size) => product * size, 1)
    return refused(
      withTensor(D, { shape, data: new Float32Array(count) }),
      `tensor ${D} is [${shape.join(', ')}]; the configuration asks for [96]`,
    )
  })

  test('if axes are exchanged', () => {
    const name = 'backbone.layers.1.mixer.out_proj.weight'
    const { data } = fixture.tensors[name]!
    return refused(
      withTensor(name, { shape: [96, 32], data }),
      `tensor ${name} is [96, 32]; the configuration asks for [32, 96]`,
    )
  })

  test.each([
    ['I32', 4],
    ['F64', 8],
    ['U8', 1],
    ['F8_E4M3', 1],
  ])('if their type is %s', async (dtype, size) => {
    const bytes = encodeWeights({ [D]: { shape: [24 * size], data: new Float32Array(24 * size) } })
    const header = new TextDecoder().decode(bytes.subarray(8, 8 + bytes[0]!))
    const stored = header.replace('"F32"', `"${dtype}"`).replace(`[${24 * size}]`, '[96]')
    const text = new TextEncoder().encode(stored)
    const file = new Uint8Array([...lengthOf(text), ...text, ...new Uint8Array(96 * size)])
    const rest = withTensor(D, undefined)['model.safetensors']!
    const index = {
      weight_map: Object.fromEntries(Object.keys(fixture.tensors).map((name) => [name, 'a.safetensors'])),
    }
    index.weight_map[D] = 'b.safetensors'
    const source = trackedSource({
      'config.json': modelFiles(fixture)['config.json']!,
      'model.safetensors.index.json': new TextEncoder().encode(JSON.stringify(index)),
      'a.safetensors': rest,
      'b.safetensors': file,
    })
    const { backend, live } = countingBackend()
    const message = `memory/b.safetensors: tensor ${D} is ${dtype}; expected f32, f16, bf16, q8_0, q4_0`
    await expectError(loadModel(source, { backend }), 'CheckpointError', message)
    expect({ open: source.openFiles(), live: live() }).toEqual({ open: 0, live: 0 })
  })
})

function lengthOf(text: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true)
  return bytes
}

describe('a kernel of a convolution', () => {
  test('may have its middle axis or not', async () => {
    const name = 'backbone.layers.0.mixer.conv1d.weight'
    const { data } = fixture.tensors[name]!
    using model = await loadModel(withTensor(name, { shape: [96, 3], data }))
    expect(model.tensors.get(name)!.shape).toEqual([96, 3])
  })
})

test('nothing is read of a checkpoint whose tensors do not fit', async () => {
  const source = trackedSource(withTensor(D, undefined))
  await loadModel(source).catch((error) => expect(MambaError.is(error)).toBe(true))
  // config.json, the beginning of the file, the length of the header, and the header.
  expect(source.reads.length).toBeLessThanOrEqual(4)
})

test('matrices keep their dtype, everything else is expanded to f32', async () => {
  using model = await loadModel(modelFiles(fixture, 'bf16'))
  const dtypes = Object.fromEntries(
    [...model.tensors].map(([name, { dtype }]) => [name.replace(/.*\d\./, ''), dtype]),
  )
  expect(dtypes).toEqual({
    'backbone.embeddings.weight': 'bf16',
    'lm_head.weight': 'bf16',
    'mixer.in_proj.weight': 'bf16',
    'mixer.x_proj.weight': 'bf16',
    'mixer.dt_proj.weight': 'bf16',
    'mixer.out_proj.weight': 'bf16',
    'mixer.in_proj.bias': 'f32',
    'mixer.out_proj.bias': 'f32',
    'mixer.conv1d.weight': 'f32',
    'mixer.dt_proj.bias': 'f32',
    'mixer.A_log': 'f32',
    'mixer.D': 'f32',
    'norm.weight': 'f32',
    'backbone.norm_f.weight': 'f32',
  })
})

test('loading waits for the device before it reads, after every 64 MiB, and at the end', async () => {
  const { backend, finished } = losingBackend()
  const shape = [2 ** 20, 10] as const
  const info = { shape, dtype: 'f32', storedType: 'F32', byteLength: 40 * 2 ** 20, file: 'memory' } as const
  const bytes = new Uint8Array(info.byteLength)
  const checkpoint = tableCheckpoint(
    { name: 'memory', close: async () => {} },
    {
      format: 'memory',
      metadata: {},
      tensors: new Map(['a', 'b', 'c'].map((name) => [name, { ...info, name }])),
      read: async () => bytes,
    },
  )
  const loader = new WeightLoader(checkpoint, backend)
  const reader = new WeightReader(loader)
  for (const name of checkpoint.names) reader.matrix(name, shape)
  await loader.load()
  expect(finished.map((written) => written / 2 ** 20)).toEqual([0, 80, 40])
})
