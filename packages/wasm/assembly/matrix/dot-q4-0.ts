import { madd, sumLanes } from '../math/madd'
import { F16_BITS, NIBBLE } from '../runtime/constants'
import { HALF_SCALE } from './f16'

/*
 * Σ w[i] · x[i] over one row of q4_0 weights: blocks of 18 bytes, a float16 scale d and 16 bytes, byte i with element i
 * in its lower and element i + 16 in its upper four bits, of value d · (q − 8).
 *
 * Two bytes are a lane of 16 bits with four elements; `quantizeRows` has put x into the order in which they come out,
 * and summed it up, so that the 8 is taken off the whole block at once. As for q8_0 all of this is exact.
 */

/**
 * Integer products of the 16 bytes at `w` with 32 int16 at `x`, in four sums, as f32x4.
 * @param sum address of −8 · Σ x, i32
 */
// @ts-ignore: decorator
@inline
function block(w: usize, x: usize, sum: usize, nibble: v128): v128 {
  const lanes = v128.load(w, 2)
  const first = v128.and(lanes, nibble)
  const second = v128.and(i16x8.shr_u(lanes, 4), nibble)
  const third = v128.and(i16x8.shr_u(lanes, 8), nibble)
  const fourth = i16x8.shr_u(lanes, 12)
  let s = i32x4.add(i32x4.dot_i16x8_s(first, v128.load(x)), v128.load32_zero(sum))
  let t = i32x4.dot_i16x8_s(second, v128.load(x, 16))
  s = i32x4.add(s, i32x4.dot_i16x8_s(third, v128.load(x, 32)))
  t = i32x4.add(t, i32x4.dot_i16x8_s(fourth, v128.load(x, 48)))
  return f32x4.convert_i32x4_s(i32x4.add(s, t))
}

/** The product of the scale of a block at `w`, 2¹¹² times too small, and that of x at `scales`, in all lanes. */
// @ts-ignore: decorator
@inline
function scale(w: usize, scales: usize, bits: v128): v128 {
  return f32x4.mul(v128.and(i32x4.shr_s(v128.load_splat<i16>(w), 3), bits), v128.load32_splat(scales))
}

/**
 * @param w (blocks), q4_0
 * @param x (blocks · 32), int16
 * @param scales (blocks), f32, of x, times 2⁵⁶
 * @param sums (blocks), i32, −8 · Σ x
 */
export function dotQ4_0(w: usize, x: usize, scales: usize, sums: usize, blocks: i32): f32 {
  const bits = v128.load(F16_BITS)
  const nibble = v128.load(NIBBLE)
  let a = f32x4.splat(0)
  let b = a
  const end = scales + (<usize>blocks << 2)
  for (; scales + 8 <= end; scales += 8, sums += 8, w += 36, x += 128) {
    a = madd(block(w, x, sums, nibble), scale(w, scales, bits), a)
    b = madd(block(w + 18, x + 64, sums + 4, nibble), scale(w + 18, scales + 4, bits), b)
  }
  if (scales < end) a = madd(block(w, x, sums, nibble), scale(w, scales, bits), a)
  return sumLanes(f32x4.add(a, b)) * HALF_SCALE
}
