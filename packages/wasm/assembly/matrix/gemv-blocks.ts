import { Q8_0 } from '../../src/kernels'
import { int, pointer } from '../runtime/control'
import { dotsQ4_0 } from './dot-q4-0'
import { dotsQ8_0 } from './dot-q8-0'

/*
 * y = x Wᵀ + bias for few rows of x and weights in q8_0 or q4_0, with integer products within the blocks. Tile t
 * computes its share of the outputs, four at a time: one of each quarter of the tile, so that W is read in four streams
 * without gaps. Of four neighbouring rows, each stream would break off after every row, which is slow from main memory.
 *
 *   0 w        (dOut, dIn), address of its first block
 *   1 wStride  bytes from one row to the next
 *   2 dtype    of w
 *   3 x        (rows, dIn), int16, from `quantizeRows`
 *   4 xStride  bytes from one row to the next
 *   5 scales   (rows, dIn / 32), f32, of x
 *   6 bias     (dOut), f32, or 0
 *   7 y        (rows, dOut), f32
 *   8 rows
 *   9 dIn      a multiple of 32
 *  10 dOut
 *  11 outputsPerTile
 *  12 offsets  (rows, dIn / 32), i32, −8 · Σ x, from `quantizeRows`; for q4_0 only
 */
export function gemvBlocks(args: usize, tile: i32): void {
  const first = tile * int(args, 11)
  const last = min(first + int(args, 11), int(args, 10))
  const quarter = (last - first) >> 2
  for (let i = 0; i < quarter; i++) multiply(args, first + i, quarter)
  for (let out = first + (quarter << 2); out < last; out++) multiply(args, out, 0)
}

/** Outputs `out`, `out` + `step`, `out` + 2 `step` and `out` + 3 `step` of all rows of x. */
// @ts-ignore: decorator
@inline
function multiply(args: usize, out: i32, step: i32): void {
  const w = pointer(args, 0) + <usize>out * pointer(args, 1)
  const stride = <usize>step * pointer(args, 1)
  const blocks = int(args, 9) >> 5
  let x = pointer(args, 3)
  let scales = pointer(args, 5)
  let offsets = pointer(args, 12)
  let y = pointer(args, 7)
  for (let row = 0; row < int(args, 8); row++) {
    const sums =
      int(args, 2) == Q8_0
        ? dotsQ8_0(w, stride, x, scales, blocks)
        : dotsQ4_0(w, stride, x, scales, offsets, blocks)
    const bias = pointer(args, 6)
    storeOutput(y, out, bias, f32x4.extract_lane(sums, 0))
    storeOutput(y, out + step, bias, f32x4.extract_lane(sums, 1))
    storeOutput(y, out + 2 * step, bias, f32x4.extract_lane(sums, 2))
    storeOutput(y, out + 3 * step, bias, f32x4.extract_lane(sums, 3))
    x += pointer(args, 4)
    scales += blocks << 2
    offsets += blocks << 2
    y += int(args, 10) << 2
  }
}

// @ts-ignore: decorator
@inline
function storeOutput(y: usize, out: i32, bias: usize, sum: f32): void {
  const at: usize = out << 2
  store<f32>(y + at, bias == 0 ? sum : load<f32>(bias + at) + sum)
}
