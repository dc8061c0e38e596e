import { BF16, F16, F32, Q8_0 } from '../../src/kernels'
import { int, pointer } from '../runtime/control'
import { dotBf16, dotF16, dotF32 } from './dot'
import { dotQ4_0 } from './dot-q4-0'
import { dotQ8_0 } from './dot-q8-0'

/*
 * y = x Wᵀ + bias for few rows of x: every row of W is read once, in order; tile t computes its share of the outputs.
 *
 *   0 w        (dOut, dIn), address of its first element
 *   1 wStride  bytes from one row to the next
 *   2 dtype    of w
 *   3 x        (rows, dIn), f32, from `prepareRows` for f16 and bf16; int16 from `quantizeRows` for q8_0
 *              and q4_0
 *   4 xStride  bytes from one row to the next
 *   5 scales   (rows, dIn / 32), f32, of x; for q8_0 and q4_0 only
 *   6 bias     (dOut), f32, or 0
 *   7 y        (rows, dOut), f32
 *   8 rows
 *   9 dIn
 *  10 dOut
 *  11 outputsPerTile
 *  12 sums     (rows, dIn / 32), i32, of x; for q4_0 only
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
    let scales = pointer(args, 5)
    let sums = pointer(args, 12)
    for (let r = 0; r < rows; r++) {
      let sum: f32
      if (dtype == F32) sum = dotF32(row, x, dIn)
      else if (dtype == F16) sum = dotF16(row, x, dIn)
      else if (dtype == BF16) sum = dotBf16(row, x, dIn)
      else if (dtype == Q8_0) sum = dotQ8_0(row, x, scales, dIn >> 5)
      else sum = dotQ4_0(row, x, scales, sums, dIn >> 5)
      store<f32>(y + ((r * dOut + out) << 2), start + sum)
      x += xStride
      scales += (dIn >> 5) << 2
      sums += (dIn >> 5) << 2
    }
  }
}
