import type { Tensor } from '@mamba/core'
import { checkCrossEntropy, checkIds } from '@mamba/core/backend'
import type { Context } from '../context.ts'
import { CROSS_ENTROPY } from '../kernels.ts'
import { withDense } from './dense.ts'
import { tile } from './tiles.ts'

/** `Ops.crossEntropy`. The one logarithm of each row is taken here. */
export function crossEntropy(context: Context, logits: Tensor, targets: Tensor): Tensor {
  const { batch, length, vocabulary } = checkCrossEntropy(logits, targets)
  const rows = batch * length
  const { perTile, tiles } = tile(rows, 4 * vocabulary, context.threads)
  return withDense(context, targets, (ids) => {
    checkIds('crossEntropy', context.ints(ids, rows), vocabulary)
    const words = [context.address(logits), context.rowBytes(logits), ids]
    return context.temporary(4 * rows, (sumsAddress) =>
      context.result([batch, length], (y) => {
        context.run(CROSS_ENTROPY, [...words, sumsAddress, y, rows, vocabulary, perTile], tiles)
        const sums = context.floats(sumsAddress, rows)
        const losses = context.floats(y, rows)
        for (const [row, sum] of sums.entries()) losses[row]! += Math.log(sum)
      }),
    )
  })
}
