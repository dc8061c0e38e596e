import { fixturePath } from '@mamba/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadModel } from '../model/load-model.ts'
import type { Model } from '../model/model.ts'
import { countingBackend } from '../testing/counting-backend.ts'
import { checkIdentities } from './identity-checks.ts'

const { backend, live } = countingBackend()
let model: Model

beforeAll(async () => {
  model = await loadModel(fixturePath('mamba2-groups'), { backend })
})

afterAll(() => {
  model.dispose()
  expect(live()).toBe(0)
})

/** The model with some of its methods replaced by faulty ones. */
function faulty(methods: Partial<Pick<Model, 'forward' | 'loadState'>>): Model {
  return {
    config: model.config,
    createState: model.createState.bind(model),
    forward: model.forward.bind(model),
    loadState: model.loadState.bind(model),
    ...methods,
  } as Model
}

const ids = [
  [1, 2, 3, 4, 5, 6, 7, 8, 9],
  [9, 8, 7, 6, 5, 4, 3, 2, 1],
]

async function failures(checked: Model, sequences = ids, random = () => 0.5): Promise<string[]> {
  const names: string[] = []
  for await (const { name, ok } of checkIdentities(checked, sequences, random, undefined))
    if (!ok) names.push(name)
  return names
}

describe('the checks of a model against itself', () => {
  test('hold for a model without fault, whatever the splits, also for one or two ids', async () => {
    for (const random of [() => 0, () => 0.5, () => 0.999, Math.random]) {
      expect(await failures(model, ids, random)).toEqual([])
    }
    expect(await failures(model, [[5]])).toEqual([])
    expect(await failures(model, [[5, 6]])).toEqual([])
  })

  test('fail for one that forgets its state from call to call', async () => {
    const forgetful = faulty({ forward: (ids, { state: _, ...options } = {}) => model.forward(ids, options) })
    const failed = await failures(forgetful)
    expect(failed).toContain('one pass = random chunks')
    expect(failed).toContain('one pass = token by token')
  })

  test('fail for one that forgets a part of its state when it is saved', async () => {
    const forgetful = faulty({
      async loadState(bytes) {
        const state = await model.loadState(bytes)
        const { conv } = state.layers[1]!
        backend.write(conv!, new Float32Array(conv!.size))
        return state
      },
    })
    expect(await failures(forgetful)).toEqual(['saved and reloaded state'])
  })

  test('fail for one that forgets where it was when it is saved', async () => {
    const forgetful = faulty({
      async loadState(bytes) {
        const state = await model.loadState(bytes)
        state.position = 0
        return state
      },
    })
    expect(await failures(forgetful)).toEqual(['saved and reloaded state'])
  })
})
