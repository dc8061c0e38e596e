import { madd, sumLanes } from '../math/madd'
import { F16_BITS } from '../runtime/constants'
import { HALF_SCALE } from './f16'

/*
 * Σ w[i] · x[i] over one row of q8_0 weights: blocks of 34 bytes, a float16 scale and 32 signed bytes. x was rounded by
 * `quantizeRows`, so that the products within a block are sums of integers: exact, and at most 32 · 128 · 32767 < 2³¹.
 */

/** Integer products of a block at `w` with 32 int16 at `x`, in four sums, as f32x4. */
// @ts-ignore: decorator
@inline
function block(w: usize, x: usize): v128 {
  let s = i32x4.dot_i16x8_s(v128.load_ext<i8>(w, 2), v128.load(x))
  let t = i32x4.dot_i16x8_s(v128.load_ext<i8>(w, 10), v128.load(x, 16))
  s = i32x4.add(s, i32x4.dot_i16x8_s(v128.load_ext<i8>(w, 18), v128.load(x, 32)))
  t = i32x4.add(t, i32x4.dot_i16x8_s(v128.load_ext<i8>(w, 26), v128.load(x, 48)))
  return f32x4.convert_i32x4_s(i32x4.add(s, t))
}

/** The product of the scale of a block at `w`, 2¹¹² times too small, and that of x at `scales`, in all lanes. */
// @ts-ignore: decorator
@inline
function scale(w: usize, scales: usize, bits: v128): v128 {
  return f32x4.mul(v128.and(i32x4.shr_s(v128.load_splat<i16>(w), 3), bits), v128.load32_splat(scales))
}

/**
 * @param w (blocks), q8_0
 * @param x (blocks · 32), int16
 * @param scales (blocks), f32, of x, times 2⁵⁶
 */
export function dotQ8_0(w: usize, x: usize, scales: usize, blocks: i32): f32 {
  const bits = v128.load(F16_BITS)
  let a = f32x4.splat(0)
  let b = a
  const end = scales + (<usize>blocks << 2)
  for (; scales + 8 <= end; scales += 8, w += 68, x += 128) {
    a = madd(block(w, x), scale(w, scales, bits), a)
    b = madd(block(w + 34, x + 64), scale(w + 34, scales + 4, bits), b)
  }
  if (scales < end) a = madd(block(w, x), scale(w, scales, bits), a)
  return sumLanes(f32x4.add(a, b)) * HALF_SCALE
}
