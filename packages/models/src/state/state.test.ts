import { MambaError } from '@mamba/core'
import { fixturePath } from '@mamba/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bytesFile, openSafetensors } from '../checkpoint/index.ts'
import { mutate } from '../checkpoint/testing/mutate.ts'
import { loadModel } from '../model/load-model.ts'
import type { Model } from '../model/model.ts'
import { countingBackend } from '../testing/counting-backend.ts'
import { expectError } from '../testing/expect-error.ts'
import { logitsOf } from '../testing/logits.ts'
import { decodeSafetensors, encodeSafetensors, type NamedArray } from './safetensors-bytes.ts'
import type { State } from './state.ts'

const { backend, live } = countingBackend()
const names = ['mamba-options', 'mamba2-groups', 'mamba3-siso-mlp', 'mamba3-mimo-groups'] as const
const models = {} as Record<(typeof names)[number], Model>

beforeAll(async () => {
  for (const name of names) models[name] = await loadModel(fixturePath(name), { backend })
})

afterAll(() => {
  for (const model of Object.values(models)) model.dispose()
  expect(live()).toBe(0)
})

const first = [
  [5, 3, 8, 13, 21],
  [1, 2, 3, 4, 5],
]
const next = [
  [34, 55],
  [6, 7],
]

/** A state that has read something. */
function used(model: Model): State {
  const state = model.createState({ batch: 2 })
  model.forward(first, { state }).logits.destroy()
  return state
}

const continued = (model: Model, state: State) => logitsOf(model, next, { state, logits: 'all' })

describe.each(names)('a state of %s', (name) => {
  test('is new: zeros, before the first token, of the size of its tensors', async () => {
    const model = models[name]
    using state = model.createState({ batch: 3 })
    expect(state).toMatchObject({ batch: 3, position: 0, modelId: model.id })
    let bytes = 0
    for (const [layer, tensors] of state.layers.entries()) {
      for (const [part, tensor] of Object.entries(tensors)) {
        expect(tensor.shape).toEqual([3, ...model.stateShapes[layer]![part]!])
        const data = (await tensor.read()) as Float32Array
        bytes += data.byteLength
        expect(data.every((value) => value === 0)).toBe(true)
      }
    }
    expect(state.byteLength).toBe(bytes)
    expect(bytes).toBeGreaterThan(0)
  })

  test('counts the positions that it has read', () => {
    using state = used(models[name])
    expect(state.position).toBe(5)
    models[name].forward(next, { state }).logits.destroy()
    expect(state.position).toBe(7)
  })

  test('is cloned into one that goes its own way', async () => {
    using state = used(models[name])
    using copy = state.clone()
    expect(copy).toMatchObject({ batch: 2, position: 5, modelId: state.modelId })
    const want = await continued(models[name], state)
    expect(copy.position).toBe(5)
    expect(await continued(models[name], copy)).toEqual(want)
  })

  test('takes over another, again and again', async () => {
    using state = used(models[name])
    using kept = state.clone()
    const want = await continued(models[name], state)
    for (let again = 0; again < 2; again++) {
      state.assign(kept)
      expect(state.position).toBe(5)
      expect(await continued(models[name], state)).toEqual(want)
    }
  })

  test('goes on from its bytes as if it had never been saved', async () => {
    using state = used(models[name])
    const bytes = await state.save()
    using loaded = await models[name].loadState(bytes)
    expect(loaded).toMatchObject({ batch: 2, position: 5 })
    expect(await loaded.save()).toEqual(bytes)
    expect(await continued(models[name], loaded)).toEqual(await continued(models[name], state))
  })

  test('belongs to one model', async () => {
    const model = models[name]
    const other = models[names[(names.indexOf(name) + 1) % names.length]!]
    using state = used(model)
    const belongs = [model.id, other.id]
    await expectError(() => other.forward(next, { state }), 'ShapeError', ...belongs)
    await expectError(other.prefill(next, { state }), 'ShapeError', ...belongs)
    await expectError(other.loadState(await state.save()), 'ShapeError', ...belongs)
    using foreign = other.createState({ batch: 2 })
    await expectError(() => state.assign(foreign), 'ShapeError', ...belongs)
    expect(state.position).toBe(5)
  })
})

describe('a state', () => {
  const model = () => models['mamba2-groups']

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('of %d sequences is refused', (batch) =>
    expectError(() => model().createState({ batch }), 'ShapeError', `batch is ${batch}`),
  )

  test('of another number of sequences is refused, and stays as it was', async () => {
    using state = used(model())
    using single = model().createState()
    const before = await state.save()
    const message = 'it holds 2 sequences; expected'
    await expectError(() => model().forward([1, 2], { state }), 'ShapeError', `${message} 1`)
    await expectError(model().prefill([[1], [2], [3]], { state }), 'ShapeError', `${message} 3`)
    await expectError(model().generate([1], { state }).next(), 'ShapeError', `${message} 1`)
    await expectError(() => single.assign(state), 'ShapeError', `${message} 1`)
    expect(await state.save()).toEqual(before)
  })

  test('saves what it was when the saving began, whatever is read meanwhile', async () => {
    using state = used(model())
    const before = await state.save()
    const saving = state.save()
    model().forward(next, { state }).logits.destroy()
    expect(await saving).toEqual(before)
  })

  test('is freed as a whole', () => {
    const before = live()
    const state = used(model())
    const copy = state.clone()
    expect(live()).toBeGreaterThan(before)
    state.destroy()
    copy[Symbol.dispose]()
    expect(live()).toBe(before)
  })

  test('that was freed is refused, with the reason', async () => {
    const state = used(model())
    state.destroy()
    await expectError(() => model().forward(next, { state }), 'ShapeError', 'destroyed')
  })

  test('is a safetensors file that names its model', async () => {
    using state = used(model())
    const file = await openSafetensors(bytesFile('state', await state.save()))
    expect(file.metadata).toEqual({ format: 'mamba-state-1', model: model().id, batch: '2', position: '5' })
    expect(file.names).toEqual(['layers.0.conv', 'layers.0.ssm', 'layers.1.conv', 'layers.1.ssm'])
    expect(file.info('layers.1.ssm').shape).toEqual([2, 8, 8, 16])
  })
})

describe('bytes that are no state of the model', () => {
  let bytes: Uint8Array<ArrayBuffer>
  let metadata: Record<string, string>
  let arrays: readonly NamedArray[]
  const model = () => models['mamba2-groups']

  beforeAll(async () => {
    using state = used(model())
    bytes = await state.save()
    const decoded = await decodeSafetensors(bytes, 'state')
    metadata = decoded.metadata as Record<string, string>
    arrays = [...decoded.arrays.values()]
  })

  const refused = async (file: Uint8Array, message: string) => {
    const before = live()
    await expectError(model().loadState(file), 'CheckpointError', message)
    expect(live()).toBe(before)
  }

  test('because they are cut off', async () => {
    for (let length = 0; length < bytes.length; length += 97)
      await refused(bytes.subarray(0, length), 'state')
    await refused(new Uint8Array([...bytes, 0]), 'state')
  })

  test('because their metadata is not that of a state', async () => {
    const message = 'the metadata does not describe a saved state (format mamba-state-1)'
    const without = (key: string) =>
      Object.fromEntries(Object.entries(metadata).filter(([name]) => name !== key))
    await refused(encodeSafetensors(arrays, {}), message)
    for (const key of ['format', 'batch', 'position'])
      await refused(encodeSafetensors(arrays, without(key)), message)
    for (const changes of [
      { format: 'mamba-state-2' },
      { batch: '0' },
      { batch: '-1' },
      { batch: '1.5' },
      { batch: 'many' },
      { batch: '1e300' },
      { position: '-1' },
      { position: '0.5' },
      { position: 'NaN' },
    ]) {
      await refused(encodeSafetensors(arrays, { ...metadata, ...changes }), message)
    }
  })

  test('because they name no model', async () => {
    const { model: _, ...rest } = metadata
    await expectError(
      model().loadState(encodeSafetensors(arrays, rest)),
      'ShapeError',
      'undefined',
      model().id,
    )
  })

  test('because a tensor is missing, extra or of another shape', async () => {
    await refused(
      encodeSafetensors(arrays.slice(1), metadata),
      'layers.0.conv is missing; expected [2, 128, 3]',
    )
    const [conv, ...others] = arrays
    const flat = { ...conv!, shape: [2, 3, 128] }
    await refused(
      encodeSafetensors([flat, ...others], metadata),
      'layers.0.conv is [2, 3, 128]; expected [2, 128, 3]',
    )
    const extra = { ...conv!, name: 'layers.2.conv' }
    await refused(encodeSafetensors([...arrays, extra], metadata), 'tensors that the model does not have')
  })

  test('because they claim a batch that would fill the memory', () =>
    refused(encodeSafetensors(arrays, { ...metadata, batch: `${2 ** 50}` }), `expected [${2 ** 50}, 128, 3]`))

  test('because a tensor is not f32', async () => {
    const text = Buffer.from(bytes).toString('latin1')
    const halves = text.replace('"F32","shape":[2,128,3]', '"F16","shape":[4,128,3]')
    await refused(Buffer.from(halves, 'latin1'), 'layers.0.conv is F16; expected F32')
  })

  test('whatever bytes are changed: an error of ours, or another state', async () => {
    const mutation = fc.record({
      kind: fc.constantFrom('overwrite' as const, 'insert' as const, 'remove' as const, 'copy' as const),
      // Most changes hit the header, which is a tenth of the file.
      at: fc.oneof(fc.double({ min: 0, max: 0.05, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true })),
      from: fc.double({ min: 0, max: 1, noNaN: true }),
      length: fc.integer({ min: 1, max: 9 }),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 4 }),
    })
    const before = live()
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 3 }), async (mutations) => {
        const result = await model()
          .loadState(mutate(bytes, mutations))
          .catch((error: unknown) => error)
        if (MambaError.is(result)) return
        expect(result).not.toBeInstanceOf(Error)
        ;(result as State).destroy()
      }),
      { numRuns: 150 },
    )
    expect(live()).toBe(before)
  })
})

test('a state of the same weights, loaded once more, goes on there', async () => {
  using again = await loadModel(fixturePath('mamba-options'), { backend })
  using state = used(models['mamba-options'])
  using copy = await again.loadState(await state.save())
  expect(await continued(again, copy)).toEqual(await continued(models['mamba-options'], state))
  again.forward(next, { state }).logits.destroy()
  expect(state.position).toBe(9)
})
