import { describeBackend } from '@mamba/conformance'
import { loadModel } from '@mamba/models'
import { expect, test } from 'vitest'
import { webgpu } from './webgpu.ts'

const start = () => webgpu({ software: true })

describeBackend('webgpu', start, { runs: 3, maxSize: 20, seesValues: false })

/** In the form in which bundlers find files. */
const fixture = new URL('../../../fixtures/mamba/model.safetensors', import.meta.url)

test('a page goes on after it lost its device, with the same tokens', async () => {
  const backend = await start()
  const model = await loadModel(new URL('.', fixture), { backend })
  const complete = () => model.complete([1, 2, 3], { greedy: true, maxTokens: 6, stopIds: [] })
  const { ids } = await complete()
  const interrupted = complete()
  backend.device.destroy()
  await expect(interrupted).rejects.toMatchObject({ name: 'DeviceError' })
  await backend.recover()
  await model.reload()
  expect((await complete()).ids).toEqual(ids)
  backend.destroy()
})

test('memory that runs out is told, and the page goes on', async () => {
  const backend = await start()
  const x = backend.tensor(Float32Array.of(1, 2), [2], 'f32')
  const large = backend.zeros([backend.device.limits.maxStorageBufferBindingSize / 4])
  const all = backend.finish().then(
    () => 'enough memory',
    (error) => error.message,
  )
  expect(await all).toMatch(/^webgpu: out of memory: |^enough memory$/)
  large.destroy()
  expect(await backend.ops.add(x, x).read()).toEqual(Float32Array.of(2, 4))
  backend.destroy()
})
