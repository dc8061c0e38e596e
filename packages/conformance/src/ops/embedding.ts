import { fromFloat32, toFloat32 } from '@mamba/core'
import { expectSame, fill, seededRandom } from '@mamba/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { expectRefused } from '../refused.ts'
import { batches, lengths, seeds, sizes } from '../sizes.ts'
import { forAll, onWorkbench, type Suite } from '../suite.ts'
import { columnCounts, finiteHalfFloats, weightDTypes } from '../weights.ts'

export function describeEmbedding(suite: Suite): void {
  describe('embedding', () => {
    test.each(weightDTypes)('copies rows of a %s table, expanded exactly', async (dtype) => {
      const cases = fc.record({
        vocabulary: sizes(suite.maxSize),
        size: columnCounts(dtype, suite.maxSize),
        batch: batches,
        length: lengths(suite.maxSize),
        seed: seeds,
      })
      await forAll(suite, cases, async (workbench, { vocabulary, size, batch, length, seed }) => {
        const random = seededRandom(seed)
        const values = fill(vocabulary * size, random.normal)
        const ids = Int32Array.from({ length: batch * length }, () => random.integer(0, vocabulary - 1))
        const table = workbench.matrix(values, [vocabulary, size], dtype)
        const idTensor = workbench.dense(ids, [batch, length], 'i32')
        const got = await workbench.read([batch, length, size], () =>
          workbench.ops.embedding(table, idTensor),
        )
        const expanded = toFloat32(dtype, fromFloat32(dtype, values), values.length)
        const want = new Float32Array(batch * length * size)
        for (const [row, id] of ids.entries())
          want.set(expanded.subarray(id * size, (id + 1) * size), row * size)
        expectSame(got, want)
      })
    })

    test.each(['f16', 'bf16'] as const)(
      'expands every finite %s, subnormal float16 included',
      async (dtype) => {
        const bits = finiteHalfFloats(dtype)
        const size = 256
        const rows = bits.length / size
        await onWorkbench(suite, async (workbench) => {
          const table = workbench.dense(bits, [rows, size], dtype)
          const ids = workbench.dense(
            Int32Array.from({ length: rows }, (_, id) => id),
            [1, rows],
            'i32',
          )
          const got = await workbench.read([1, rows, size], () => workbench.ops.embedding(table, ids))
          expectSame(got, toFloat32(dtype, bits, bits.length))
        })
      },
    )

    test.each([-1, 5, 2 ** 30])('does not take the id %i outside the table for another', async (id) => {
      await onWorkbench(suite, async (workbench) => {
        const table = workbench.dense(
          Float32Array.from({ length: 15 }, (_, i) => i),
          [5, 3],
        )
        const ids = workbench.dense(Int32Array.of(0, id, 4), [1, 3], 'i32')
        const read = () => workbench.read([1, 3, 3], () => workbench.ops.embedding(table, ids))
        if (suite.seesValues) await expectRefused('ShapeError', `id ${id} is outside`, read)
        else
          expect(await read()).toEqual(
            Float32Array.of(0, 1, 2, Number.NaN, Number.NaN, Number.NaN, 12, 13, 14),
          )
      })
    })
  })
}
