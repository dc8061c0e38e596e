import { CONSTANTS } from '../../src/control'

/*
 * Coefficients of the functions of this folder, float32 each. Loops load them into locals before they begin, for the
 * reason that `runtime/constants.ts` gives.
 *
 * All polynomials are minimax fits: their largest relative error is as small as their degree allows.
 */

/** Addresses of the tables; the vectors of `runtime/constants.ts` lie before them. */
export const EXP: usize = CONSTANTS + 256
export const LOG1P: usize = EXP + 48
export const DECAY: usize = LOG1P + 16
export const NORMAL_TAIL: usize = DECAY + 32
export const SINE: usize = NORMAL_TAIL + 40
export const COSINE: usize = SINE + 12
export const NEGLIGIBLE_STATE: usize = COSINE + 20
/** Of float64. */
export const TURN: usize = NEGLIGIBLE_STATE + 4

/** Adding it to |x| < 2²¹ rounds x to a whole number n, and leaves n + 127, an exponent, in the lowest bits. */
const ROUND_TO_EXPONENT: f32 = 1.5 * 8388608 + 127

/** Entry `index` of a table, in all lanes. */
// @ts-ignore: decorator
@inline
export function constant(table: usize, index: usize): v128 {
  return v128.load32_splat(table + (index << 2))
}

/** Entry `index` of a table of float64, in both lanes. */
// @ts-ignore: decorator
@inline
export function wideConstant(table: usize, index: usize): v128 {
  return v128.load64_splat(table + (index << 3))
}

// e⁻ˣ: smallest and largest x; −log₂ e; the rounding; ln 2 in two parts, the first of 9 bits, so that its products
// with exponents are exact; then (e⁻ᶠ − 1 + f) / f² for |f| ≤ ln 2 / 2, from f⁴ down to 1. Error 3.1e-9.
store<f32>(EXP, -88.8)
store<f32>(EXP, 88.1, 4)
store<f32>(EXP, -1.44269504, 8)
store<f32>(EXP, ROUND_TO_EXPONENT, 12)
store<f32>(EXP, 0.693359375, 16)
store<f32>(EXP, -2.1219444e-4, 20)
store<f32>(EXP, 0.00138145986, 24)
store<f32>(EXP, -0.00836871688, 28)
store<f32>(EXP, 0.041668388, 32)
store<f32>(EXP, -0.166665206, 36)
store<f32>(EXP, 0.499999934, 40)
store<f32>(EXP, -1, 44)

// (artanh √q / √q − 1) / q for 0 ≤ q ≤ 1/9, from q³ down to 1. Error 4.5e-9.
store<f32>(LOG1P, 0.140063402)
store<f32>(LOG1P, 0.140008377, 4)
store<f32>(LOG1P, 0.200107672, 8)
store<f32>(LOG1P, 0.333332081, 12)

// 2ᵗ: log₂ e, by which steps are multiplied first; smallest t; the rounding; then (2ᶠ − 1) / f for |f| ≤ ½, from f⁴
// down to 1, exact at 0. Error 1.1e-7.
store<f32>(DECAY, 1.44269504)
store<f32>(DECAY, -127, 4)
store<f32>(DECAY, ROUND_TO_EXPONENT, 8)
store<f32>(DECAY, 0.00133002566, 12)
store<f32>(DECAY, 0.00966971848, 16)
store<f32>(DECAY, 0.0555056006, 20)
store<f32>(DECAY, 0.240222815, 24)
store<f32>(DECAY, 0.693147181, 28)

// Φ(−x) e^(x²/2) / w for x ≥ 0 and w = 1 / (1 + x · 0.35), from w⁸ down to 1; the last is 0.35. Error 3.2e-8.
store<f32>(NORMAL_TAIL, -0.029145918)
store<f32>(NORMAL_TAIL, 0.143971643, 4)
store<f32>(NORMAL_TAIL, -0.255714155, 8)
store<f32>(NORMAL_TAIL, 0.159174058, 12)
store<f32>(NORMAL_TAIL, -0.0231097581, 16)
store<f32>(NORMAL_TAIL, 0.105507972, 20)
store<f32>(NORMAL_TAIL, 0.119832874, 24)
store<f32>(NORMAL_TAIL, 0.139861866, 28)
store<f32>(NORMAL_TAIL, 0.139621402, 32)
store<f32>(NORMAL_TAIL, 0.35, 36)

// (sin r / r − 1) / r² for |r| ≤ π/4, from r⁴ down to 1. Error 3.6e-9.
store<f32>(SINE, -1.95171378e-4)
store<f32>(SINE, 0.00833217699, 4)
store<f32>(SINE, -0.166666549, 8)

// (cos r − 1 + r²/2) / r⁴ for |r| ≤ π/4, from r⁴ down to 1; then −½ and 1. Error 9.6e-11.
store<f32>(COSINE, 2.44382713e-5)
store<f32>(COSINE, -0.0013887366, 4)
store<f32>(COSINE, 0.0416666468, 8)
store<f32>(COSINE, -0.5, 12)
store<f32>(COSINE, 1, 16)

// 2⁻¹⁰⁰, below which states are taken for 0.
store<f32>(NEGLIGIBLE_STATE, 7.888609e-31)

// 1 / 2π, 2π, 2 / π, π / 2, and a number that rounds |x| < 2⁵¹ to a whole number, in its lowest bits, when x is added.
store<f64>(TURN, 0.15915494309189535)
store<f64>(TURN, 6.283185307179586, 8)
store<f64>(TURN, 0.6366197723675814, 16)
store<f64>(TURN, 1.5707963267948966, 24)
store<f64>(TURN, 1.5 * 4503599627370496, 32)
