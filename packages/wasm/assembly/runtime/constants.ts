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

v128.store(F16_BITS, i32x4.splat(0x8fffe000))
v128.store(F16_SCALE, f32x4.splat(reinterpret<f32>(0x77800000)))
v128.store(UPPER_BITS, i32x4.splat(0xffff0000))
v128.store(NIBBLE, i16x8.splat(15))
