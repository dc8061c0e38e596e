import type { Tensor } from '@mamba/core'
import { checkEmbedding, checkIds } from '@mamba/core/backend'
import type { Context } from '../context.ts'
import { EMBEDDING } from '../kernels.ts'
import { withDense } from './dense.ts'
import { tile } from './tiles.ts'
import { weightDTypeId } from './weight-dtypes.ts'

/** `Ops.embedding`. */
export function embedding(context: Context, table: Tensor, ids: Tensor): Tensor {
  const { vocabulary, size, batch, length } = checkEmbedding(table, ids)
  const count = batch * length
  const { perTile, tiles } = tile(count, 4 * size, context.threads)
  return withDense(context, ids, (idsAddress) => {
    checkIds('embedding', context.ints(idsAddress, count), vocabulary)
    const words = [context.address(table), context.rowBytes(table), weightDTypeId(table.dtype), idsAddress]
    return context.result([batch, length, size], (y) => {
      context.run(EMBEDDING, [...words, y, count, size, perTile], tiles)
    })
  })
}
