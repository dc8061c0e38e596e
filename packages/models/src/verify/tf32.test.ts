import { cpu } from '@mamba/core'
import { expect, test } from 'vitest'
import { loadModel } from '../model/load-model.ts'
import { type GoldenCheckpoint, goldenFiles, readGoldenFixture } from '../testing/golden-checkpoint.ts'
import { changed, modelFiles } from '../testing/memory-checkpoint.ts'
import { verifyCheckpoint } from './index.ts'

/** The fixture with the logits that a GPU with TF32 products would have given. */
async function tf32Golden(): Promise<GoldenCheckpoint> {
  const { checkpoint, expected } = await readGoldenFixture('mamba2')
  const { input_ids: ids, logits } = expected
  const model = await loadModel(modelFiles(checkpoint), { backend: cpu({ ssdProducts: 'tf32' }) })
  const [, length] = ids!.shape as [number, number]
  const sequences = [Array.from(ids!.data.subarray(0, length)), Array.from(ids!.data.subarray(length))]
  const data = (await model.forward(sequences, { logits: 'all' }).logits.read()) as Float32Array
  return { checkpoint, expected: { input_ids: ids!, logits: { ...logits!, data } } }
}

const failedNames = async (golden: GoldenCheckpoint) =>
  (await verifyCheckpoint(goldenFiles(golden))).checks.filter(({ ok }) => !ok).map(({ name }) => name)

test('a reference that was computed with TF32 products is recognised, and the check says so', async () => {
  const { ok, checks } = await verifyCheckpoint(goldenFiles(await tf32Golden()))
  expect(checks[0]).toMatchObject({ name: 'logits (TF32 reference)', ok: true, limit: 1e-3 })
  expect(ok).toBe(true)
})

test('with such a reference a changed weight still fails', async () => {
  const { checkpoint, expected } = await tf32Golden()
  const name = 'backbone.layers.1.mixer.D'
  const tensors = { ...checkpoint.tensors, [name]: changed(checkpoint.tensors[name]!, 0, (x) => x * 1.2) }
  expect(await failedNames({ checkpoint: { ...checkpoint, tensors }, expected })).toContain('logits')
})

test('with such a reference a changed logit still fails', async () => {
  const { checkpoint, expected } = await tf32Golden()
  const data = expected.logits!.data.slice()
  data[100]! += 0.1
  const logits = { ...expected.logits!, data }
  expect(await failedNames({ checkpoint, expected: { ...expected, logits } })).toHaveLength(1)
})
