import { CONSTANTS } from '../../src/control'

/*
 * Vector constants of inner loops. A constant that stands in the code is made anew in every round of the loop by V8,
 * from two or three instructions; one that was loaded before the loop stays in its register. Every instance of the
 * module writes them when it starts, always the same bits.
 */

/** Address of 0x8fffe000 in each lane: the bits of a float16 that was sign-extended and moved 13 bits to the left. */
export const F16_BITS: usize = CONSTANTS
/** Address of 2¹¹² in each lane. */
export const F16_SCALE: usize = CONSTANTS + 16
/** Address of 0xffff0000 in each lane: the upper of two bfloat16. */
export const UPPER_BITS: usize = CONSTANTS + 32
/** Address of 15 in each lane of 16 bits. */
export const NIBBLE: usize = CONSTANTS + 48
/** Address of 0x0fffe000 in each lane: the bits of a float16 without its sign, at the place of a float32's. */
export const F16_MAGNITUDE: usize = CONSTANTS + 64
/** Address of 112 in each lane, at the place of float32's exponent: how much more it is than that of the same float16. */
export const F16_EXPONENT: usize = CONSTANTS + 80
/** Address of −2⁻¹⁴ in each lane; 2⁻¹⁴ is the smallest normal float16. */
export const MINUS_SMALLEST_F16: usize = CONSTANTS + 96
/** Address of 2 in each lane. */
export const TWO: usize = CONSTANTS + 112
/** Address of the sign bit of each lane. */
export const SIGN: usize = CONSTANTS + 128

v128.store(F16_BITS, i32x4.splat(0x8fffe000))
v128.store(F16_SCALE, f32x4.splat(reinterpret<f32>(0x77800000)))
v128.store(UPPER_BITS, i32x4.splat(0xffff0000))
v128.store(NIBBLE, i16x8.splat(15))
v128.store(F16_MAGNITUDE, i32x4.splat(0x0fffe000))
v128.store(F16_EXPONENT, i32x4.splat(112 << 23))
v128.store(MINUS_SMALLEST_F16, f32x4.splat(reinterpret<f32>(0xb8800000)))
v128.store(TWO, f32x4.splat(2))
v128.store(SIGN, i32x4.splat(0x80000000))
