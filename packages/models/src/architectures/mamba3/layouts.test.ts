import { beforeAll, describe, expect, test } from 'vitest'
import { loadModel } from '../../model/load-model.ts'
import { expectError } from '../../testing/expect-error.ts'
import { logitsOf, logitsOfCheckpoint, relativeError } from '../../testing/logits.ts'
import { modelFiles, readFixture, rounded, type TestCheckpoint } from '../../testing/memory-checkpoint.ts'

const ids = [5, 3, 8, 13, 21, 34, 55, 89, 144, 0, 1]

let siso: TestCheckpoint
let mimo: TestCheckpoint
let want: Float32Array

beforeAll(async () => {
  siso = await readFixture('mamba3-siso')
  mimo = await readFixture('mamba3-mimo')
  want = await logitsOfCheckpoint(siso, ids)
})

const withSsm = ({ config, tensors }: TestCheckpoint, keys: Record<string, unknown>): TestCheckpoint => ({
  config: { ...config, ssm_cfg: { ...(config.ssm_cfg as object), ...keys } },
  tensors,
})

describe('Mamba-3', () => {
  test('is recognised by its tensors where the configuration does not name it', async () => {
    expect(await logitsOfCheckpoint(withSsm(siso, { layer: undefined }), ids)).toEqual(want)
  })

  test('has the defaults of the official class', async () => {
    const { expand: _, rope_fraction: __, ...ssm } = siso.config.ssm_cfg as Record<string, unknown>
    expect(await logitsOfCheckpoint({ ...siso, config: { ...siso.config, ssm_cfg: ssm } }, ids)).toEqual(want)
    const named = withSsm(siso, {
      ngroups: 1,
      is_mimo: false,
      mimo_rank: 4,
      is_outproj_norm: false,
      A_floor: 1e-4,
    })
    expect(await logitsOfCheckpoint(named, ids)).toEqual(want)
    expect(await logitsOfCheckpoint(withSsm(mimo, { mimo_rank: undefined }), ids)).toEqual(
      await logitsOfCheckpoint(mimo, ids),
    )
  })

  test('depends on the floor of its decay', async () => {
    expect(relativeError(await logitsOfCheckpoint(withSsm(siso, { A_floor: 2 }), ids), want)).toBeGreaterThan(
      1e-3,
    )
  })

  test('does not depend on the chunk size', async () => {
    expect(await logitsOfCheckpoint(withSsm(siso, { chunk_size: 3 }), ids)).toEqual(want)
  })

  test('pads its vocabulary as the configuration says', async () => {
    const config = { ...siso.config, vocab_size: 150, pad_vocab_size_multiple: 32 }
    using model = await loadModel(modelFiles({ ...siso, config }))
    expect(model.config).toMatchObject({ vocabSize: 150, paddedVocabSize: 160 })
    expect(await logitsOf(model, ids)).toEqual(want)
  })

  test('with another rank, fraction or norm asks for other tensors', async () => {
    for (const [checkpoint, keys, tensor] of [
      [mimo, { mimo_rank: 2 }, 'in_proj.weight'],
      [siso, { is_mimo: true }, 'in_proj.weight'],
      [siso, { rope_fraction: 1 }, 'in_proj.weight'],
      [siso, { is_outproj_norm: true }, 'norm.weight is missing'],
    ] as const) {
      const files = modelFiles(withSsm(checkpoint, keys))
      await expectError(loadModel(files), 'CheckpointError', `tensor backbone.layers.0.mixer.${tensor}`)
    }
  })

  test.each(['f16', 'bf16'] as const)('in %s gives the logits of the same values in f32', async (dtype) => {
    for (const checkpoint of [siso, mimo]) {
      const same = { ...checkpoint, tensors: rounded(checkpoint.tensors, dtype) }
      expect(await logitsOfCheckpoint(modelFiles(checkpoint, dtype), ids)).toEqual(
        await logitsOfCheckpoint(same, ids),
      )
    }
  })
})
