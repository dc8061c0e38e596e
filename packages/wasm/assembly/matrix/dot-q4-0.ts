import { madd } from '../math/madd'
import { F16_EXPONENT, F16_MAGNITUDE, MINUS_SMALLEST_F16, NIBBLE, SIGN, TWO } from '../runtime/constants'
import { f16Lanes } from './f16'
import { scalesOf, sumsOfIntegers } from './four-rows'

/*
 * Σ w[i] · x[i] over rows of q4_0 weights: blocks of 18 bytes, a float16 scale d and 16 bytes, byte i with element i in
 * its lower and element i + 16 in its upper four bits, of value d · (q − 8).
 *
 * Two bytes are a lane of 16 bits with four elements; `quantizeRows` has put x into the order in which they come out,
 * and summed it up, so that the 8 is taken off a whole block at once. As for q8_0 all of this is exact.
 */

/** Bytes of a block. */
const BLOCK: usize = 18

/** Integer products of a block at `w` with 32 int16, in four sums. */
// @ts-ignore: decorator
@inline
function block(w: usize, x0: v128, x1: v128, x2: v128, x3: v128, nibble: v128): v128 {
  const lanes = v128.load(w, 2)
  let s = i32x4.dot_i16x8_s(v128.and(lanes, nibble), x0)
  let t = i32x4.dot_i16x8_s(v128.and(i16x8.shr_u(lanes, 4), nibble), x1)
  s = i32x4.add(s, i32x4.dot_i16x8_s(v128.and(i16x8.shr_u(lanes, 8), nibble), x2))
  t = i32x4.add(t, i32x4.dot_i16x8_s(i16x8.shr_u(lanes, 12), x3))
  return i32x4.add(s, t)
}

/**
 * The sums of four rows, one in each lane.
 * @param w (blocks), q4_0, the first row
 * @param stride bytes from one of the rows to the next
 * @param x (blocks · 32), int16
 * @param scales (blocks), f32, of x
 * @param offsets (blocks), i32, −8 · Σ x
 */
export function dotsQ4_0(
  w: usize,
  stride: usize,
  x: usize,
  scales: usize,
  offsets: usize,
  blocks: i32,
): v128 {
  const magnitude = v128.load(F16_MAGNITUDE)
  const exponent = v128.load(F16_EXPONENT)
  const two = v128.load(TWO)
  const minusSmallest = v128.load(MINUS_SMALLEST_F16)
  const sign = v128.load(SIGN)
  const nibble = v128.load(NIBBLE)
  let sums = f32x4.splat(0)
  for (const end = scales + (<usize>blocks << 2); scales < end; scales += 4, offsets += 4) {
    const b = w + stride
    const c = b + stride
    const d = c + stride
    const x0 = v128.load(x)
    const x1 = v128.load(x, 16)
    const x2 = v128.load(x, 32)
    const x3 = v128.load(x, 48)
    const products = sumsOfIntegers(
      block(w, x0, x1, x2, x3, nibble),
      block(b, x0, x1, x2, x3, nibble),
      block(c, x0, x1, x2, x3, nibble),
      block(d, x0, x1, x2, x3, nibble),
    )
    const whole = f32x4.convert_i32x4_s(i32x4.add(products, v128.load32_splat(offsets)))
    const scale = f16Lanes(scalesOf(w, b, c, d), magnitude, exponent, two, minusSmallest, sign)
    sums = madd(whole, f32x4.mul(scale, v128.load32_splat(scales)), sums)
    w += BLOCK
    x += 64
  }
  return sums
}
