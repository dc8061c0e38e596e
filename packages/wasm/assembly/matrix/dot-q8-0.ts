import { madd } from '../math/madd'
import { F16_EXPONENT, F16_MAGNITUDE, MINUS_SMALLEST_F16, SIGN, TWO } from '../runtime/constants'
import { f16Lanes } from './f16'
import { scalesOf, sumsOfIntegers } from './four-rows'

/*
 * Σ w[i] · x[i] over rows of q8_0 weights: blocks of 34 bytes, a float16 scale and 32 signed bytes. x was rounded by
 * `quantizeRows`, so that the products within a block are sums of integers: exact, and at most 32 · 128 · 32767 < 2³¹.
 */

/** Bytes of a block. */
const BLOCK: usize = 34

/** Integer products of a block at `w` with 32 int16, in four sums. */
// @ts-ignore: decorator
@inline
function block(w: usize, x0: v128, x1: v128, x2: v128, x3: v128): v128 {
  let s = i32x4.dot_i16x8_s(v128.load_ext<i8>(w, 2), x0)
  let t = i32x4.dot_i16x8_s(v128.load_ext<i8>(w, 10), x1)
  s = i32x4.add(s, i32x4.dot_i16x8_s(v128.load_ext<i8>(w, 18), x2))
  t = i32x4.add(t, i32x4.dot_i16x8_s(v128.load_ext<i8>(w, 26), x3))
  return i32x4.add(s, t)
}

/**
 * The sums of four rows, one in each lane.
 * @param w (blocks), q8_0, the first row
 * @param stride bytes from one of the rows to the next
 * @param x (blocks · 32), int16
 * @param scales (blocks), f32, of x
 */
export function dotsQ8_0(w: usize, stride: usize, x: usize, scales: usize, blocks: i32): v128 {
  const magnitude = v128.load(F16_MAGNITUDE)
  const exponent = v128.load(F16_EXPONENT)
  const two = v128.load(TWO)
  const minusSmallest = v128.load(MINUS_SMALLEST_F16)
  const sign = v128.load(SIGN)
  let sums = f32x4.splat(0)
  for (const end = scales + (<usize>blocks << 2); scales < end; scales += 4, w += BLOCK, x += 64) {
    const b = w + stride
    const c = b + stride
    const d = c + stride
    const x0 = v128.load(x)
    const x1 = v128.load(x, 16)
    const x2 = v128.load(x, 32)
    const x3 = v128.load(x, 48)
    const products = sumsOfIntegers(
      block(w, x0, x1, x2, x3),
      block(b, x0, x1, x2, x3),
      block(c, x0, x1, x2, x3),
      block(d, x0, x1, x2, x3),
    )
    const scale = f16Lanes(scalesOf(w, b, c, d), magnitude, exponent, two, minusSmallest, sign)
    sums = madd(f32x4.convert_i32x4_s(products), f32x4.mul(scale, v128.load32_splat(scales)), sums)
  }
  return sums
}
