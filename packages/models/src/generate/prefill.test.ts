import { fixturePath } from '@mamba/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadModel } from '../model/load-model.ts'
import type { Model } from '../model/model.ts'
import { countingBackend } from '../testing/counting-backend.ts'
import { expectError } from '../testing/expect-error.ts'
import { logitsOf, relativeError } from '../testing/logits.ts'

const { backend, live } = countingBackend()
let model: Model

beforeAll(async () => {
  model = await loadModel(fixturePath('mamba2-groups'), { backend })
})

afterAll(() => {
  model.dispose()
  expect(live()).toBe(0)
})

const ids = Array.from({ length: 29 }, (_, i) => (i * 37) % 160)
const batch = [ids, ids.toReversed()]

async function prefilled(chunkSize: number | undefined): Promise<Float32Array> {
  using state = model.createState({ batch: 2 })
  using logits = await model.prefill(batch, { state, chunkSize })
  expect(logits.shape).toEqual([2, 1, 160])
  expect(state.position).toBe(29)
  return (await logits.read()) as Float32Array
}

describe('prefill', () => {
  test('computes what one pass does, whatever its chunks', async () => {
    const want = await logitsOf(model, batch, {})
    for (const chunkSize of [undefined, 29, 1000]) expect(await prefilled(chunkSize)).toEqual(want)
    // Between chunks the state is rounded to float32.
    for (const chunkSize of [1, 2, 7, 28])
      expect(relativeError(await prefilled(chunkSize), want)).toBeLessThan(2e-6)
  })

  test('reports its progress after each chunk', async () => {
    using state = model.createState()
    const reports: unknown[] = []
    const logits = await model.prefill(ids, {
      state,
      chunkSize: 12,
      onProgress: (progress) => reports.push(progress),
    })
    logits.destroy()
    expect(reports).toEqual([12, 24, 29].map((read) => ({ read, total: 29 })))
  })

  test('lets timers run between chunks', async () => {
    using state = model.createState()
    let fired = 0
    const timer = setInterval(() => fired++, 0)
    const logits = await model.prefill(ids, { state, chunkSize: 1 })
    clearInterval(timer)
    logits.destroy()
    expect(fired).toBeGreaterThan(0)
  })

  test('stops when aborted, with the reason, in a state that goes on from there', async () => {
    using state = model.createState()
    const controller = new AbortController()
    const reason = new Error('enough')
    const allocated = live()
    const reading = model.prefill(ids, {
      state,
      chunkSize: 10,
      signal: controller.signal,
      onProgress: ({ read }) => read === 20 && controller.abort(reason),
    })
    await expect(reading).rejects.toBe(reason)
    expect(state.position).toBe(20)
    expect(live()).toBe(allocated)
    using rest = await model.prefill(ids.slice(20), { state })
    expect(relativeError((await rest.read()) as Float32Array, await logitsOf(model, ids, {}))).toBeLessThan(
      2e-6,
    )
  })

  test('reads nothing if it was aborted before', async () => {
    using state = model.createState()
    const reason = new Error('no')
    await expect(model.prefill(ids, { state, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(state.position).toBe(0)
  })

  test('checks all ids before it reads the first chunk', async () => {
    using state = model.createState()
    const bad = [...ids, 160]
    await expectError(model.prefill(bad, { state, chunkSize: 4 }), 'ShapeError', '160 at position 29')
    expect(state.position).toBe(0)
  })

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses chunks of %d', async (chunkSize) => {
    using state = model.createState()
    await expectError(model.prefill(ids, { state, chunkSize }), 'ConfigError', `chunkSize is ${chunkSize}`)
    expect(state.position).toBe(0)
  })

  test('makes no tensor that grows with the prompt', async () => {
    const largest = async (length: number) => {
      const counting = countingBackend()
      using model = await loadModel(fixturePath('mamba2-groups'), { backend: counting.backend })
      using state = model.createState()
      const prompt = Array.from({ length }, (_, i) => i % 160)
      const logits = await model.prefill(prompt, { state, chunkSize: 64 })
      logits.destroy()
      return counting.largest()
    }
    // The projection of a chunk, which is larger than any weight.
    expect(await largest(64)).toBe(64 * 200)
    expect(await largest(640)).toBe(64 * 200)
  })
})
