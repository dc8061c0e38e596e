import { describe, test } from 'vitest'
import { loadModel } from '../model/load-model.ts'
import { expectError } from '../testing/expect-error.ts'
import { modelFiles, readFixture } from '../testing/memory-checkpoint.ts'

describe('an official configuration', () => {
  test('is known by its keys, also with a model_type beside them', async () => {
    const fixture = await readFixture('mamba3-siso')
    const config = { ...fixture.config, model_type: 'mamba3' }
    using model = await loadModel(modelFiles({ ...fixture, config }))
    model.createState().destroy()
  })
})

test('an unknown model_type is refused in the name of the configuration, with what is supported', async () => {
  const fixture = await readFixture('mamba')
  const files = modelFiles({ ...fixture, config: { ...fixture.config, model_type: 'llama' } })
  const message = 'config.json: model_type is "llama"; supported: mamba, falcon_mamba, mamba2, mamba3'
  await expectError(loadModel(files), 'ConfigError', message)
})

test('an option that is not known is refused', async () => {
  const fixture = await readFixture('mamba2')
  const options = { mamba2Norm: 'foo' as 'whole' }
  await expectError(loadModel(modelFiles(fixture), options), 'ConfigError', 'mamba2Norm is foo')
})
