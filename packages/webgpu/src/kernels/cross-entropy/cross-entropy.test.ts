import { EPSILON, expectWithin, fill, seededRandom } from '@mamba/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { WebGpuBackend } from '../../backend.ts'
import { webgpu } from '../../webgpu.ts'

let backend: WebGpuBackend

beforeAll(async () => {
  backend = await webgpu({ software: true })
})
afterAll(() => backend.destroy())

describe('the cross-entropy', () => {
  test('of a target outside the vocabulary is NaN, and that of the others is right', async () => {
    const logits = backend.zeros([1, 4, 5])
    const targets = backend.tensor(Int32Array.of(0, -1, 5, 4), [1, 4], 'i32')
    const y = (await backend.ops.crossEntropy(logits, targets).read()) as Float32Array
    expect(Array.from(y, Number.isNaN)).toEqual([false, true, true, false])
    expect(y[0]).toBeCloseTo(Math.log(5), 6)
    expect(y[3]).toBeCloseTo(Math.log(5), 6)
  })

  test('takes targets that are a view, and logits that grow from one to the next', async () => {
    const vocabulary = 2500
    const random = seededRandom(1)
    // Every one that is met is the largest until then.
    const logits = fill(2 * vocabulary, () => 0).map(
      (_, i) => (i % vocabulary) / 100 + random.uniform() / 200,
    )
    const targets = backend.tensor(Int32Array.of(7, 3, 8, 2499), [2, 2], 'i32')
    const x = backend.tensor(logits.slice(), [2, 1, vocabulary], 'f32')
    const got = (await backend.ops.crossEntropy(x, targets.columns(1, 2)).read()) as Float32Array
    const want = [3, 2499].map((target, row) => {
      const own = logits.subarray(row * vocabulary, (row + 1) * vocabulary)
      return Math.log(own.reduce((sum, logit) => sum + Math.exp(logit), 0)) - own[target]!
    })
    const scale = Float64Array.of(26, 51)
    expectWithin(got, Float64Array.from(want), scale, { epsilon: EPSILON.f32, observed: 9, k: 24 })
  })
})
