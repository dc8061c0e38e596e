import { expectSame, fill, seededRandom, sliceAxis } from '@mamba/testing'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import { batches, lengths, seeds, sizes } from '../sizes.ts'
import { forAll, onWorkbench, type Suite } from '../suite.ts'

export function describePositions(suite: Suite): void {
  describe('positions', () => {
    test('copies the positions from start to end of every sequence', async () => {
      const cases = fc.record({
        batch: batches,
        length: lengths(suite.maxSize),
        size: sizes(suite.maxSize),
        cuts: fc.tuple(fc.nat(), fc.nat()),
        seed: seeds,
      })
      await forAll(suite, cases, async (workbench, { batch, length, size, cuts, seed }) => {
        const [start, end] = cuts.map((cut) => cut % (length + 1)).sort((a, b) => a - b) as [number, number]
        const data = fill(batch * length * size, seededRandom(seed).normal)
        const x = workbench.activation(data, [batch, length, size])
        const got = await workbench.read([batch, end - start, size], () =>
          workbench.ops.positions(x, start, end),
        )
        expectSame(got, sliceAxis(data, [batch, length, size], 1, start, end))
      })
    })

    test('gives a copy: writing to x afterwards does not change it', async () => {
      await onWorkbench(suite, async (workbench) => {
        const x = workbench.inPlace(Float32Array.of(1, 2, 3, 4, 5, 6), [1, 3, 2])
        const last = workbench.ops.positions(x, 2, 3)
        workbench.backend.write(x, new Float32Array(6))
        expectSame((await last.read()) as Float32Array, Float32Array.of(5, 6))
      })
    })
  })
}
