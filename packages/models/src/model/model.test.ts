import { fixturePath } from '@mamba/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { countingBackend } from '../testing/counting-backend.ts'
import { expectError } from '../testing/expect-error.ts'
import { logitsOf } from '../testing/logits.ts'
import { modelFiles, readFixture, renamed } from '../testing/memory-checkpoint.ts'
import { loadModel } from './load-model.ts'
import type { Model } from './model.ts'

const { backend, live } = countingBackend()
const names = ['mamba', 'falcon-mamba', 'mamba2-clamp', 'mamba3-siso', 'mamba3-mimo-groups'] as const
const models = {} as Record<(typeof names)[number], Model>

beforeAll(async () => {
  for (const name of names) models[name] = await loadModel(fixturePath(name), { backend })
})

afterAll(() => {
  for (const model of Object.values(models)) model.dispose()
  expect(live()).toBe(0)
})

const batch = [
  [5, 3, 8, 13, 21, 34, 55],
  [1, 2, 3, 4, 5, 6, 7],
  [159, 0, 159, 0, 80, 80, 80],
]

describe.each(names)('forward of %s', (name) => {
  test('computes for each sequence of a batch what it computes for it alone', async () => {
    const model = models[name]
    const together = await logitsOf(model, batch)
    const size = together.length / batch.length
    for (const [row, ids] of batch.entries()) {
      expect(await logitsOf(model, ids)).toEqual(together.slice(row * size, (row + 1) * size))
    }
  })

  test("gives with 'last' the last position of 'all', which is the default", async () => {
    const model = models[name]
    const all = await logitsOf(model, batch)
    const last = await logitsOf(model, batch, { logits: 'last' })
    const row = 160
    const ends = batch.flatMap((_, i) => Array.from(all.subarray((i + 1) * 7 * row - row, (i + 1) * 7 * row)))
    expect(Array.from(last)).toEqual(ends)
    expect(await logitsOf(model, batch, {})).toEqual(last)
  })

  test('returns the residual stream from the embedding to the final norm', async () => {
    const model = models[name]
    const { logits, hiddenStates } = model.forward(batch, { logits: 'all', hiddenStates: true })
    const { embedding, layers, final } = hiddenStates!
    const { dModel, nLayers } = model.config
    expect(layers.length).toBe(nLayers)
    for (const tensor of [embedding, ...layers, final]) expect(tensor.shape).toEqual([3, 7, dModel])
    expect(await logits.read()).toEqual(await logitsOf(model, batch))

    const table =
      model.tensors.get('backbone.embeddings.weight') ?? model.tensors.get('backbone.embedding.weight')
    const rows = (await table!.read()) as Float32Array
    const first = (await embedding.read()) as Float32Array
    expect(first.slice(0, dModel)).toEqual(rows.slice(5 * dModel, 6 * dModel))
    for (const tensor of [logits, embedding, ...layers, final]) tensor.destroy()
  })

  test('does not look ahead: a later id changes no logit before it', async () => {
    const model = models[name]
    const [ids] = batch
    const got = await logitsOf(model, ids!.with(4, 99))
    const want = await logitsOf(model, ids!)
    expect(got.slice(0, 4 * 160)).toEqual(want.slice(0, 4 * 160))
    expect(got.slice(4 * 160, 5 * 160)).not.toEqual(want.slice(4 * 160, 5 * 160))
  })

  test('forgets what it read without a state', async () => {
    const model = models[name]
    expect(await logitsOf(model, batch)).toEqual(await logitsOf(model, batch))
  })
})

describe('forward', () => {
  const model = () => models.mamba

  test('takes typed arrays', async () => {
    const want = await logitsOf(model(), [1, 2, 3])
    expect(await logitsOf(model(), Int32Array.of(1, 2, 3))).toEqual(want)
    expect(await logitsOf(model(), Uint16Array.of(1, 2, 3))).toEqual(want)
  })

  test('has no hidden states unless asked', () => {
    const { logits, hiddenStates } = model().forward([1])
    expect(hiddenStates).toBeUndefined()
    expect(logits.shape).toEqual([1, 1, 160])
    logits.destroy()
  })

  test.each([
    [[], 'there is none; expected at least one token'],
    [[[]], 'there is none'],
    [[[], []], 'there is none'],
    [[1, 160], '160 at position 1 is outside the vocabulary; expected 0 to 159'],
    [[1, 2, -1], '-1 at position 2'],
    [[1.5], '1.5 at position 0'],
    [[Number.NaN], 'NaN at position 0'],
    [[2 ** 32], '4294967296 at position 0'],
    [[1, undefined], 'undefined at position 1'],
    [['1'], '1 at position 0'],
    [
      [
        [1, 2],
        [3, 999],
      ],
      '999 at position 1',
    ],
    [[[1, 2], [3]], 'sequence 1 has 1 ids; expected 2'],
    [[[1], [2, 3]], 'sequence 1 has 2 ids; expected 1'],
  ])('refuses %j, and leaves the state and the memory as they were', async (ids, message) => {
    using state = model().createState({ batch: 2 })
    model().forward(batch.slice(0, 2), { state }).logits.destroy()
    const before = await state.save()
    const allocated = live()
    const bad = ids as number[]
    await expectError(() => model().forward(bad, { state }), 'ShapeError', 'ids: ', message)
    await expectError(() => model().forward(bad), 'ShapeError', message)
    await expectError(model().prefill(bad, { state }), 'ShapeError', message)
    await expectError(model().nll(bad), 'ShapeError', message)
    expect(await state.save()).toEqual(before)
    expect(live()).toBe(allocated)
  })

  test('frees everything but its result', () => {
    for (const model of Object.values(models)) {
      const allocated = live()
      const { logits } = model.forward(batch)
      expect(live()).toBe(allocated + 1)
      logits.destroy()
      const { logits: all, hiddenStates } = model.forward(batch, { logits: 'all', hiddenStates: true })
      const { embedding, layers, final } = hiddenStates!
      expect(live()).toBe(allocated + 3 + layers.length)
      for (const tensor of [all, embedding, ...layers, final]) tensor.destroy()
      expect(live()).toBe(allocated)
    }
  })

  test('frees each layer before the next one, unless its hidden states are asked for', async () => {
    const { config, tensors } = await readFixture('mamba')
    const peakOf = async (layers: number, hiddenStates: boolean) => {
      const counting = countingBackend()
      const kept = renamed(tensors, (name) =>
        (/layers\.(\d+)/.exec(name)?.[1] ?? '0') < `${layers}` ? name : undefined,
      )
      const files = modelFiles({ config: { ...config, num_hidden_layers: layers }, tensors: kept })
      using model = await loadModel(files, { backend: counting.backend })
      using state = model.createState()
      return counting.peak(() => model.forward([1, 2, 3], { state, hiddenStates }))
    }
    expect(await peakOf(3, false)).toBe(await peakOf(1, false))
    expect(await peakOf(3, true)).toBe((await peakOf(1, true)) + 2)
  })

  test('frees everything also when it fails midway', async () => {
    const state = model().createState()
    state.layers[1]!.ssm!.destroy()
    const allocated = live()
    await expectError(() => model().forward([1, 2], { state }), 'ShapeError', 'destroyed')
    expect(live()).toBe(allocated)
    state.destroy()
  })
})
