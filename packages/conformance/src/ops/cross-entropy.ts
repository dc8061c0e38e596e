import { expectWithin, fill, seededRandom } from '@mamba/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { expectRefused } from '../refused.ts'
import { batches, lengths, seeds, sizes } from '../sizes.ts'
import { forAll, onWorkbench, type Suite } from '../suite.ts'
import { TOLERANCE } from '../tolerance.ts'

export function describeCrossEntropy(suite: Suite): void {
  describe('crossEntropy', () => {
    test('equals the float64 reference, for small and large logits', async () => {
      const cases = fc.record({
        batch: batches,
        sizes: fc.oneof(
          fc.record({ length: lengths(suite.maxSize), vocabulary: sizes(2 * suite.maxSize) }),
          fc.record({ length: fc.integer({ min: 0, max: 2 }), vocabulary: fc.constant(5003) }),
        ),
        magnitude: fc.constantFrom(0, 1, 10, 1e4),
        seed: seeds,
      })
      await forAll(
        suite,
        cases,
        async (workbench, { batch, sizes: { length, vocabulary }, magnitude, seed }) => {
          const random = seededRandom(seed)
          const logits = fill(batch * length * vocabulary, () => magnitude * random.normal())
          const targets = Int32Array.from({ length: batch * length }, () => random.integer(0, vocabulary - 1))
          const logitTensor = workbench.activation(logits, [batch, length, vocabulary])
          const targetTensor = workbench.dense(targets, [batch, length], 'i32')
          const got = await workbench.read([batch, length], () =>
            workbench.ops.crossEntropy(logitTensor, targetTensor),
          )
          const { want, scale } = reference(logits, targets, vocabulary)
          expectWithin(got, want, scale, TOLERANCE.crossEntropy)
        },
      )
    })

    test.each([-1, 5])('does not take the target %i outside the vocabulary for another', async (id) => {
      await onWorkbench(suite, async (workbench) => {
        const logits = workbench.dense(new Float32Array(10), [1, 2, 5])
        const targets = workbench.dense(Int32Array.of(0, id), [1, 2], 'i32')
        const read = () => workbench.read([1, 2], () => workbench.ops.crossEntropy(logits, targets))
        if (suite.seesValues) await expectRefused('ShapeError', `id ${id} is outside`, read)
        else expect(Array.from(await read())).toEqual([expect.closeTo(Math.log(5), 5), Number.NaN])
      })
    })
  })
}

/** log Σ exp(l) − l[target], and the scale: 1 for the sum, which does not cancel, and the logits that are subtracted. */
function reference(logits: Float32Array, targets: Int32Array, vocabulary: number) {
  const want = new Float64Array(targets.length)
  const scale = new Float64Array(targets.length)
  for (const [row, target] of targets.entries()) {
    const own = logits.subarray(row * vocabulary, (row + 1) * vocabulary)
    const largest = Math.max(...own)
    const sum = own.reduce((total, logit) => total + Math.exp(logit - largest), 0)
    want[row] = Math.log(sum) + largest - own[target]!
    scale[row] = 1 + Math.abs(largest) + Math.abs(own[target]!)
  }
  return { want, scale }
}
