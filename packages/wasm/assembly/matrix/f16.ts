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
