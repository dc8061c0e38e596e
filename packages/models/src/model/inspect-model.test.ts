import { fixturePath } from '@mamba/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { trackedSource } from '../checkpoint/testing/tracked-source.ts'
import { expectError } from '../testing/expect-error.ts'
import { toGguf } from '../testing/gguf-model.ts'
import { modelFiles, readFixture, type TestCheckpoint } from '../testing/memory-checkpoint.ts'
import { inspectModel } from './inspect-model.ts'
import { loadModel } from './load-model.ts'

let fixture: TestCheckpoint

beforeAll(async () => {
  fixture = await readFixture('mamba2-groups')
})

describe('inspectModel', () => {
  test('says what a folder holds', async () => {
    const summary = await inspectModel(fixturePath('mamba2-groups'))
    const parameters = Object.values(fixture.tensors).reduce((sum, { data }) => sum + data.length, 0)
    expect(summary).toMatchObject({
      architecture: 'mamba2',
      layout: 'huggingface',
      format: 'safetensors',
      parameters,
      weightBytes: 4 * parameters,
      // Each of 2 layers: 64 + 2 · 2 · 16 channels of 3 inputs, and 8 heads of 8 × 16 states.
      stateBytesPerSequence: 2 * 4 * (128 * 3 + 8 * 8 * 16),
      generationDefaults: { sampling: {}, stopIds: [2] },
      tokenizer: undefined,
    })
    expect(summary.tensors.map(({ name }) => name).sort()).toEqual(Object.keys(fixture.tensors).sort())
  })

  test('agrees with the loaded model about the state', async () => {
    for (const name of ['mamba', 'mamba2', 'mamba3-mimo-groups']) {
      using model = await loadModel(fixturePath(name))
      using state = model.createState()
      const { stateBytesPerSequence, config } = await inspectModel(fixturePath(name))
      expect(stateBytesPerSequence).toBe(state.byteLength)
      expect(config).toEqual(model.config)
    }
  })

  test('names the layout of each format', async () => {
    expect(await inspectModel({ 'x.gguf': toGguf(fixture) })).toMatchObject({
      layout: 'gguf',
      format: 'gguf',
    })
    expect(await inspectModel(fixturePath('mamba3-siso'))).toMatchObject({
      architecture: 'mamba3',
      layout: 'official',
      format: 'torch',
    })
  })

  test('takes the options of loadModel', async () => {
    const { config } = await inspectModel(modelFiles(fixture), { mamba2Norm: 'grouped' })
    expect(config).toMatchObject({ mixer: { norm: { groupSize: 32 } } })
  })

  test('reads no weights, and leaves no file open', async () => {
    const files = modelFiles(fixture)
    const source = trackedSource(files)
    await inspectModel(source)
    expect(source.openFiles()).toBe(0)
    expect(source.reads.reduce((sum, length) => sum + length, 0)).toBeLessThan(
      files['model.safetensors']!.length / 4,
    )
  })

  test('refuses a number of layers that would fill the memory', async () => {
    const config = { ...fixture.config, num_hidden_layers: 2 ** 31 }
    const source = trackedSource(modelFiles({ ...fixture, config }))
    await expectError(inspectModel(source), 'ConfigError', 'num_hidden_layers is 2147483648')
    expect(source.openFiles()).toBe(0)
  })

  test('stops when aborted', async () => {
    const reason = new Error('enough')
    await expect(inspectModel(modelFiles(fixture), { signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    )
  })
})
