import { fromFloat32, toFloat32 } from '@mamba/core'
import { fill, seededRandom } from '@mamba/testing'
import { expect, test } from 'vitest'
import { limitedBackend } from '../../testing/limited.ts'
import { plannerOf } from '../../testing/planner-of.ts'
import type { WeightDType } from '../linear/weights.ts'

const weightDTypes: readonly WeightDType[] = ['f32', 'f16', 'bf16', 'q8_0', 'q4_0']

test.each(weightDTypes)('a table that is larger than a binding is read part by part, %s', async (dtype) => {
  const backend = await limitedBackend({ maxBindingBytes: 1024 })
  const [vocabulary, size] = [61, 32]
  const stored = fromFloat32(dtype, fill(vocabulary * size, seededRandom(1).normal))
  const table = backend.tensor(stored.slice(), [vocabulary, size], dtype)
  expect(plannerOf(backend).parts(table).length).toBeGreaterThan(1)
  // 7 of them at a time, as the result must fit into a binding; two are not in the table.
  const values = toFloat32(dtype, stored, vocabulary * size)
  for (let first = -1; first <= vocabulary; first += 7) {
    const ids = Int32Array.from({ length: 7 }, (_, i) => first + i)
    const got = await backend.ops.embedding(table, backend.tensor(ids, [1, 7], 'i32')).read()
    const want = Array.from(ids, (id) =>
      id < 0 || id >= vocabulary
        ? new Array<number>(size).fill(Number.NaN)
        : Array.from(values.subarray(id * size, (id + 1) * size)),
    )
    expect(Array.from(got)).toEqual(want.flat())
  }
  backend.destroy()
})

test('ids may be columns of a wider tensor', async () => {
  const backend = await limitedBackend({})
  const table = backend.tensor(Float32Array.of(0, 1, 10, 11, 20, 21), [3, 2], 'f32')
  const ids = backend.tensor(Int32Array.of(9, 2, 1, 9, 0, 2), [2, 3], 'i32').columns(1, 3)
  const got = await backend.ops.embedding(table, ids).read()
  expect(Array.from(got)).toEqual([20, 21, 10, 11, 0, 1, 20, 21])
  backend.destroy()
})
