import type { Tensor } from '@mamba/core'
import { checkPositions } from '@mamba/core/backend'
import type { Context } from '../context.ts'
import { copyRows } from './copy-rows.ts'

/** `Ops.positions`. */
export function positions(context: Context, x: Tensor, start: number, end: number): Tensor {
  const { batch, length, size } = checkPositions(x, start, end)
  const count = end - start
  const stride = context.rowBytes(x)
  const first = context.address(x) + start * stride
  return context.result([batch, count, size], (y) => {
    const bytes = 4 * size
    for (let b = 0; b < batch; b++) {
      const from = { start: first + b * length * stride, stride }
      copyRows(context, from, { start: y + b * count * bytes, stride: bytes }, count, bytes)
    }
  })
}
