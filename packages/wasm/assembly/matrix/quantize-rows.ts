import { madd } from '../math/madd'
import { int, pointer } from '../runtime/control'

/*
 * Rounds activations to 16-bit integers, for products with quantised weights: per block of 32, scale = max |x| / 32767
 * and q = x / scale rounded to nearest. Tile t takes its share of the rows.
 *
 *   0 x        (rows, dIn), f32
 *   1 xStride  bytes from one row to the next
 *   2 q        (rows, dIn), int16
 *   3 scales   (rows, dIn / 32), f32
 *   4 rows
 *   5 dIn      a multiple of 32
 *   6 rowsPerTile
 *   7 sums     (rows, dIn / 32), i32, for `gemv` with q4_0 weights, or 0. If they are there, they become −8 · Σ q, and
 *              of the 32 elements of a block come first those at places 0, 2, … 14, then 16, 18, … 30, then 1, 3, … 15,
 *              then 17, 19, … 31
 */
export function quantizeRows(args: usize, tile: i32): void {
  const blocks = int(args, 5) >> 5
  const first = tile * int(args, 6)
  const last = min(first + int(args, 6), int(args, 4))
  for (let row = first; row < last; row++) {
    let x = pointer(args, 0) + row * pointer(args, 1)
    let q = pointer(args, 2) + ((row * blocks) << 6)
    let scale = pointer(args, 3) + ((row * blocks) << 2)
    let sum = pointer(args, 7) + ((row * blocks) << 2)
    for (let block = 0; block < blocks; block++) {
      quantizeBlock(x, q, scale)
      if (pointer(args, 7) != 0) reorderBlock(q, sum)
      sum += 4
      x += 128
      q += 64
      scale += 4
    }
  }
}

/** Below this the reciprocal of the scale would be infinite; such blocks count as zero. */
const SMALLEST: f32 = 1e-33
/** 1.5 · 2²³: its sum with |x| < 2²² is rounded to a whole number, which then stands in the lowest bits. */
const ROUNDING: f32 = 12582912

function quantizeBlock(x: usize, q: usize, scale: usize): void {
  const a = v128.load(x)
  const b = v128.load(x, 16)
  const c = v128.load(x, 32)
  const d = v128.load(x, 48)
  const e = v128.load(x, 64)
  const f = v128.load(x, 80)
  const g = v128.load(x, 96)
  const h = v128.load(x, 112)
  const abcd = i32x4.max_s(larger(a, b), larger(c, d))
  // A NaN is the largest of all, and makes the scale NaN: it shows in the result.
  const bound = largestLane(i32x4.max_s(abcd, i32x4.max_s(larger(e, f), larger(g, h))))
  const isZero = bound < SMALLEST
  store<f32>(scale, isZero ? 0 : bound / 32767)
  const factor = f32x4.splat(isZero ? 0 : 32767 / bound)
  v128.store(q, rounded(a, b, factor))
  v128.store(q, rounded(c, d, factor), 16)
  v128.store(q, rounded(e, f, factor), 32)
  v128.store(q, rounded(g, h, factor), 48)
}

/** The bits of the larger magnitude of each lane: positive float32 are in the order of their bits. */
// @ts-ignore: decorator
@inline
function larger(a: v128, b: v128): v128 {
  return i32x4.max_s(f32x4.abs(a), f32x4.abs(b))
}

/** The largest of four positive float32. */
// @ts-ignore: decorator
@inline
function largestLane(v: v128): f32 {
  const pairs = i32x4.max_s(v, v128.shuffle<i32>(v, v, 2, 3, 0, 1))
  return f32x4.extract_lane(i32x4.max_s(pairs, v128.shuffle<i32>(pairs, pairs, 1, 0, 3, 2)), 0)
}

/** Eight products with `factor`, rounded to int16. */
// @ts-ignore: decorator
@inline
function rounded(low: v128, high: v128, factor: v128): v128 {
  const rounding = f32x4.splat(ROUNDING)
  return i16x8.narrow_i32x4_s(
    i32x4.sub(madd(low, factor, rounding), rounding),
    i32x4.sub(madd(high, factor, rounding), rounding),
  )
}

/** Puts a block into the order that `gemv` wants for q4_0 weights, and stores −8 times its sum. */
function reorderBlock(q: usize, sum: usize): void {
  const a = v128.load(q)
  const b = v128.load(q, 16)
  const c = v128.load(q, 32)
  const d = v128.load(q, 48)
  v128.store(q, v128.shuffle<i16>(a, b, 0, 2, 4, 6, 8, 10, 12, 14))
  v128.store(q, v128.shuffle<i16>(c, d, 0, 2, 4, 6, 8, 10, 12, 14), 16)
  v128.store(q, v128.shuffle<i16>(a, b, 1, 3, 5, 7, 9, 11, 13, 15), 32)
  v128.store(q, v128.shuffle<i16>(c, d, 1, 3, 5, 7, 9, 11, 13, 15), 48)
  const minusEight = i16x8.splat(-8)
  const ab = i32x4.add(i32x4.dot_i16x8_s(a, minusEight), i32x4.dot_i16x8_s(b, minusEight))
  const cd = i32x4.add(i32x4.dot_i16x8_s(c, minusEight), i32x4.dot_i16x8_s(d, minusEight))
  const lanes = i32x4.add(ab, cd)
  store<i32>(
    sum,
    i32x4.extract_lane(lanes, 0) +
      i32x4.extract_lane(lanes, 1) +
      i32x4.extract_lane(lanes, 2) +
      i32x4.extract_lane(lanes, 3),
  )
}
