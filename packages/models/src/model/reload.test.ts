import { beforeAll, describe, expect, test, vi } from 'vitest'
import { trackedSource } from '../checkpoint/testing/tracked-source.ts'
import { expectError } from '../testing/expect-error.ts'
import { logitsOf } from '../testing/logits.ts'
import { losingBackend } from '../testing/losing-backend.ts'
import { changed, modelFiles, readFixture, type TestCheckpoint } from '../testing/memory-checkpoint.ts'
import { loadModel } from './load-model.ts'

let fixture: TestCheckpoint
let files: Record<string, Uint8Array>

beforeAll(async () => {
  fixture = await readFixture('mamba2-groups')
  files = modelFiles(fixture)
})

const ids = [5, 9, 2]

describe('reload', () => {
  test('brings back the weights of the same model, with the options that it was loaded with', async () => {
    const { backend, lose } = losingBackend()
    const source = trackedSource(files)
    const model = await loadModel(source, { backend, mamba2Norm: 'grouped' })
    const { id, tensors } = model
    const before = await logitsOf(model, ids)
    const saved = await model.createState().save()
    lose()
    await model.reload()
    expect(model.id).toBe(id)
    expect(model.tensors).not.toBe(tensors)
    expect(await logitsOf(model, ids)).toEqual(before)
    expect((await model.loadState(saved)).position).toBe(0)
    expect(source.openFiles()).toBe(0)
  })

  test('does nothing while the weights are there', async () => {
    const { backend } = losingBackend()
    const source = trackedSource(files)
    using model = await loadModel(source, { backend })
    const { tensors } = model
    const reads = source.reads.length
    await model.reload()
    expect(model.tensors).toBe(tensors)
    expect(source.reads).toHaveLength(reads)
  })

  test('reads once for all who ask at the same time, and tells how far it is', async () => {
    const { backend, lose, live } = losingBackend()
    const source = trackedSource(files)
    const onProgress = vi.fn()
    const model = await loadModel(source, { backend })
    const reads = source.reads.length
    lose()
    await Promise.all([model.reload({ onProgress }), model.reload()])
    expect(source.reads).toHaveLength(2 * reads)
    expect(onProgress).toHaveBeenCalledTimes(model.tensors.size)
    model.dispose()
    expect(live()).toBe(0)
  })

  test('that is aborted leaves nothing behind, and can be repeated', async () => {
    const { backend, lose, live } = losingBackend()
    const loading = new AbortController()
    const model = await loadModel(files, { backend, signal: loading.signal })
    const before = await logitsOf(model, ids)
    lose()
    // The signal of the first loading is none of its business.
    loading.abort()
    await expect(model.reload({ signal: AbortSignal.abort(new Error('not now')) })).rejects.toThrow('not now')
    expect(live()).toBe(0)
    await model.reload()
    expect(await logitsOf(model, ids)).toEqual(before)
  })

  test('refuses other weights, and leaves nothing of them behind', async () => {
    const { backend, lose, live } = losingBackend()
    const content = { ...files }
    const model = await loadModel(content, { backend })
    const name = 'backbone.layers.1.mixer.D'
    const tensors = { ...fixture.tensors, [name]: changed(fixture.tensors[name]!, 3, (x) => x + 1) }
    Object.assign(content, modelFiles({ ...fixture, tensors }))
    lose()
    await expectError(model.reload(), 'CheckpointError', 'reload: the files are those of the model', model.id)
    expect(live()).toBe(0)
  })

  test('also brings back what was disposed of, if the source was kept', async () => {
    const { backend } = losingBackend()
    using model = await loadModel(files, { backend })
    const before = await logitsOf(model, ids)
    model.dispose()
    await model.reload()
    expect(await logitsOf(model, ids)).toEqual(before)
    const kept = await loadModel(files)
    await kept.reload()
    kept.dispose()
    await expectError(kept.reload(), 'ConfigError', 'the cpu backend cannot lose them', 'loadModel')
  })
})
