import { BF16, F16, F32 } from '../../src/kernels'
import { int, pointer } from '../runtime/control'
import { dotBf16, dotF16, dotF32 } from './dot'

/*
 * y = x Wᵀ + bias for few rows of x and weights in f32, f16 or bf16: every row of W is read once, in order; tile t
 * computes its share of the outputs.
 *
 *   0 w        (dOut, dIn), address of its first element
 *   1 wStride  bytes from one row to the next
 *   2 dtype    of w
 *   3 x        (rows, dIn), f32, from `prepareRows` for f16 and bf16
 *   4 xStride  bytes from one row to the next
 *   5 –
 *   6 bias     (dOut), f32, or 0
 *   7 y        (rows, dOut), f32
 *   8 rows
 *   9 dIn
 *  10 dOut
 *  11 outputsPerTile
 */
export function gemv(args: usize, tile: i32): void {
  const w = pointer(args, 0)
  const wStride = pointer(args, 1)
  const dtype = int(args, 2)
  const xStride = pointer(args, 4)
  const bias = pointer(args, 6)
  const y = pointer(args, 7)
  const rows = int(args, 8)
  const dIn = int(args, 9)
  const dOut = int(args, 10)
  const first = tile * int(args, 11)
  const last = min(first + int(args, 11), dOut)
  for (let out = first; out < last; out++) {
    const row = w + out * wStride
    const start: f32 = bias == 0 ? 0 : load<f32>(bias + (out << 2))
    let x = pointer(args, 3)
    for (let r = 0; r < rows; r++) {
      let sum: f32 = 0
      if (dtype == F32) sum = dotF32(row, x, dIn)
      else if (dtype == F16) sum = dotF16(row, x, dIn)
      else if (dtype == BF16) sum = dotBf16(row, x, dIn)
      store<f32>(y + ((r * dOut + out) << 2), start + sum)
      x += xStride
    }
  }
}
