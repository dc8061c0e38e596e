import { madd } from '../math/madd'

/*
 * float16 and bfloat16 weights as float32.
 *
 * A float16's exponent and fraction, moved to float32's place, make a number that is 2¹¹² times too small, subnormals
 * included. One product with 2¹¹² mends that; kernels that would need it in their inner loop give one half of the
 * factor, 2⁵⁶, to the other operand before the loop and one half to the sum after it, which is as exact unless numbers
 * come near the ends of float32's range. Infinities and NaN, which no weight should be, come out as finite numbers.
 */

/** 2⁵⁶. */
export const HALF_SCALE: f32 = reinterpret<f32>(0x5b800000)

/** One float16 at `address`, 2¹¹² times too small. */
// @ts-ignore: decorator
@inline
export function tinyF16(address: usize): f32 {
  return reinterpret<f32>((<i32>load<i16>(address) << 13) & 0x8fffe000)
}

/** One float16 at `address`. */
// @ts-ignore: decorator
@inline
export function f16(address: usize): f32 {
  return tinyF16(address) * reinterpret<f32>(0x77800000)
}

/** Four float16 at `address`; `bits` and `scale` are what `F16_BITS` and `F16_SCALE` point at. */
// @ts-ignore: decorator
@inline
export function f16x4(address: usize, bits: v128, scale: v128): v128 {
  return f32x4.mul(v128.and(i32x4.shl(v128.load_ext<i16>(address), 13), bits), scale)
}

/**
 * Four float16, which stand in the upper halves of the lanes, without a subnormal float32 on the way: those take up to
 * a hundred times as long, and the scales of real weights are often so small that they would be.
 *
 * With 112 added to the exponent, a normal float16 is exact. A subnormal one has no leading 1, and becomes y where
 * 2 y − 2⁻¹⁴ is right; that is smaller than y, and larger for all normal ones.
 * @param magnitude and all that follow: what the constants of these names point at
 */
// @ts-ignore: decorator
@inline
export function f16Lanes(v: v128, magnitude: v128, exponent: v128, two: v128, minusSmallest: v128, sign: v128): v128 {
  const y = i32x4.add(v128.and(i32x4.shr_u(v, 3), magnitude), exponent)
  return v128.or(i32x4.min_s(y, madd(y, two, minusSmallest)), v128.and(v, sign))
}

/** One bfloat16 at `address`: the upper half of a float32, so exact. */
// @ts-ignore: decorator
@inline
export function bf16(address: usize): f32 {
  return reinterpret<f32>(<u32>load<u16>(address) << 16)
}

/** Four bfloat16 at `address`. */
// @ts-ignore: decorator
@inline
export function bf16x4(address: usize): v128 {
  return i32x4.shl(v128.load_ext<u16>(address), 16)
}
