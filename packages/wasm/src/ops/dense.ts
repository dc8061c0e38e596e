import { dtypeLayout, type Tensor } from '@mamba/core'
import type { Context } from '../context.ts'
import { copyRows } from './copy-rows.ts'

/**
 * Gives `use` the address of a tensor's elements without gaps: of the tensor itself, or, for a view of columns, of a
 * copy that is there for as long as `use` runs. Not for quantised dtypes.
 */
export function withDense<T>(context: Context, tensor: Tensor, use: (address: number) => T): T {
  if (tensor.isDense) return use(context.address(tensor))
  const { rowCount, columnCount, dtype } = tensor
  const bytes = columnCount * dtypeLayout(dtype).bytes
  const from = { start: context.address(tensor), stride: context.rowBytes(tensor) }
  return context.temporary(rowCount * bytes, (start) => {
    copyRows(context, from, { start, stride: bytes }, rowCount, bytes)
    return use(start)
  })
}
