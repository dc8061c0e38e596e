import { expect, test } from 'vitest'
import { loadModel } from '../../model/load-model.ts'
import { toGguf, withF32Epsilon } from '../../testing/gguf-model.ts'
import { logitsOf, logitsOfCheckpoint } from '../../testing/logits.ts'
import { readFixture } from '../../testing/memory-checkpoint.ts'

const ids = [5, 3, 8, 13, 21, 34, 55, 89]

test('FalconMamba is told from Mamba-1 by a flag of GGUF, and computes the same logits', async () => {
  const fixture = await readFixture('falcon-mamba')
  using model = await loadModel({ 'model.gguf': toGguf(fixture) })
  expect(model.config.modelType).toBe('falcon_mamba')
  expect(await logitsOf(model, ids)).toEqual(await logitsOfCheckpoint(withF32Epsilon(fixture), ids))
})

test('FalconMamba trusts intermediate_size, whatever expand says', async () => {
  const fixture = await readFixture('falcon-mamba')
  const config = { ...fixture.config, expand: 16 }
  expect(await logitsOfCheckpoint({ ...fixture, config }, ids)).toEqual(
    await logitsOfCheckpoint(fixture, ids),
  )
})
