import { fixturePath, readGoldens } from '@mamba/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadModel } from '../model/load-model.ts'
import type { Model } from '../model/model.ts'
import { countingBackend } from '../testing/counting-backend.ts'
import { expectError } from '../testing/expect-error.ts'
import { logitsOf, relativeError } from '../testing/logits.ts'

const { backend, live } = countingBackend()
const golden = readGoldens(fixturePath('mamba-options', 'expected.safetensors'))
const data = Array.from(golden.ints('input_ids').data)
const ids = [data.slice(0, 37), data.slice(37)]
let model: Model

beforeAll(async () => {
  model = await loadModel(fixturePath('mamba-options'), { backend })
})

afterAll(() => {
  model.dispose()
  expect(live()).toBe(0)
})

/** log Σ exp(logits) − logits[next], in float64. */
function surprise(logits: Float32Array, next: number): number {
  const values = Array.from(logits)
  const largest = Math.max(...values)
  return Math.log(values.reduce((sum, logit) => sum + Math.exp(logit - largest), 0)) + largest - values[next]!
}

describe('nll', () => {
  test("is the cross-entropy of each id under the logits before it, and its mean is the reference's loss", async () => {
    const logits = await logitsOf(model, ids)
    const want = ids.flatMap((sequence, row) =>
      sequence
        .slice(1)
        .map((next, t) => surprise(logits.subarray((row * 37 + t) * 160, (row * 37 + t + 1) * 160), next)),
    )
    const got = await model.nll(ids)
    expect(got.length).toBe(2 * 36)
    expect(relativeError(got, want)).toBeLessThan(1e-6)
    const mean = got.reduce((sum, value) => sum + value, 0) / got.length
    expect(Math.abs(mean - golden.floats('loss').data[0]!)).toBeLessThan(2e-6)
  })

  test('is the same whatever its chunks, and for each sequence alone', async () => {
    const want = await model.nll(ids)
    for (const chunkSize of [1, 5, 35, 36, 1000]) {
      expect(relativeError(await model.nll(ids, { chunkSize }), want)).toBeLessThan(2e-6)
    }
    expect(await model.nll(ids[1]!)).toEqual(want.slice(36))
  })

  test('of a single id is nothing', async () => {
    expect(await model.nll([7])).toEqual(new Float32Array(0))
    expect(await model.nll([[7], [8]])).toEqual(new Float32Array(0))
  })

  test.each([0, -1, 2.5, Number.NaN])('refuses chunks of %d', (chunkSize) =>
    expectError(model.nll(ids, { chunkSize }), 'ConfigError', `nll: chunkSize is ${chunkSize}`),
  )

  test('stops when aborted, with the reason, and frees everything', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const allocated = live()
    const running = model.nll(ids, { chunkSize: 1, signal: controller.signal })
    controller.abort(reason)
    await expect(running).rejects.toBe(reason)
    expect(live()).toBe(allocated)
  })

  test('frees everything', async () => {
    const allocated = live()
    await model.nll(ids, { chunkSize: 5 })
    expect(live()).toBe(allocated)
  })
})
