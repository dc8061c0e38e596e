import type { Tensor } from '@mamba/core'
import { checkElementwise } from '@mamba/core/backend'
import { type Context, floatBits } from '../context.ts'
import { ADD, ELEMENTWISE, GELU, MUL, RELU2, SCALE, SILU, SOFTPLUS, SWI_GLU } from '../kernels.ts'
import { tile } from './tiles.ts'

/** `Ops.add`. */
export function add(context: Context, a: Tensor, b: Tensor): Tensor {
  return elementwise(context, 'add', ADD, a, b)
}

/** `Ops.mul`. */
export function mul(context: Context, a: Tensor, b: Tensor): Tensor {
  return elementwise(context, 'mul', MUL, a, b)
}

/** `Ops.scale`. */
export function scale(context: Context, x: Tensor, factor: number): Tensor {
  return elementwise(context, 'scale', SCALE, x, x, factor)
}

/** `Ops.silu`. */
export function silu(context: Context, x: Tensor): Tensor {
  return elementwise(context, 'silu', SILU, x)
}

/** `Ops.softplus`. */
export function softplus(context: Context, x: Tensor): Tensor {
  return elementwise(context, 'softplus', SOFTPLUS, x)
}

/** `Ops.gelu`. */
export function gelu(context: Context, x: Tensor): Tensor {
  return elementwise(context, 'gelu', GELU, x)
}

/** `Ops.relu2`. */
export function relu2(context: Context, x: Tensor): Tensor {
  return elementwise(context, 'relu2', RELU2, x)
}

/** `Ops.swiGlu`. */
export function swiGlu(context: Context, gate: Tensor, up: Tensor): Tensor {
  return elementwise(context, 'swiGlu', SWI_GLU, gate, up)
}

/** A function of one argument reads `a` alone. */
function elementwise(context: Context, op: string, id: number, a: Tensor, b = a, factor = 1): Tensor {
  checkElementwise(op, a, b)
  const { rowCount: rows, columnCount: columns } = a
  const { perTile, tiles } = tile(rows, 12 * columns, context.threads)
  const source = [context.address(a), context.rowBytes(a), context.address(b), context.rowBytes(b)]
  return context.result(a.shape, (y) => {
    context.run(ELEMENTWISE, [id, ...source, floatBits(factor), y, rows, columns, perTile], tiles)
  })
}
