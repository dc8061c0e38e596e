import { COSINE, constant, SINE, TURN, wideConstant } from './constants'
import { madd } from './madd'

/**
 * Turns `count` angles on by rate · step, modulo 2π, and takes their cosine and sine.
 *
 * The angles are float64, so that they stay exact over any number of positions. Each is brought into |r| ≤ π/4 by whole
 * quarters of a turn before it is rounded to float32. The largest error of cosine and sine is 1.2e-7.
 * @param angles (count), f64, in radians; from 0 to 2π afterwards
 * @param rates (count), f32, radians per unit of step
 * @param count a multiple of 4
 * @param cosines (count), f32, written
 * @param sines (count), f32, written
 */
export function turn(angles: usize, rates: usize, step: f32, count: i32, cosines: usize, sines: usize): void {
  const s2 = constant(SINE, 0)
  const s1 = constant(SINE, 1)
  const s0 = constant(SINE, 2)
  const c2 = constant(COSINE, 0)
  const c1 = constant(COSINE, 1)
  const c0 = constant(COSINE, 2)
  const minusHalf = constant(COSINE, 3)
  const one = constant(COSINE, 4)
  const steps = f64x2.splat(<f64>step)
  for (let i = 0; i < count; i += 4) {
    const at: usize = i << 2
    const low = turnTwo(angles + (i << 3), v128.load64_zero(rates + at), steps)
    const high = turnTwo(angles + (i << 3) + 16, v128.load64_zero(rates + at + 8), steps)
    const lowQuarters = quarters(low)
    const highQuarters = quarters(high)
    const r = v128.shuffle<f32>(rest(low, lowQuarters), rest(high, highQuarters), 0, 1, 4, 5)
    // The numbers of quarters are the lower halves of the 64-bit lanes.
    const q = v128.shuffle<i32>(lowQuarters, highQuarters, 0, 2, 4, 6)

    const square = f32x4.mul(r, r)
    let p = madd(madd(s2, square, s1), square, s0)
    const sine = madd(p, f32x4.mul(square, r), r)
    p = madd(madd(c2, square, c1), square, c0)
    const cosine = madd(p, f32x4.mul(square, square), madd(minusHalf, square, one))
    // An odd number of quarters exchanges the two; two or three turn the sine's sign, one or two the cosine's.
    const odd = i32x4.shr_s(i32x4.shl(q, 31), 31)
    const sineSign = i32x4.shl(i32x4.shr_u(q, 1), 31)
    const cosineSign = i32x4.shl(i32x4.shr_u(i32x4.add(q, i32x4.splat(1)), 1), 31)
    v128.store(sines + at, v128.xor(v128.bitselect(cosine, sine, odd), sineSign))
    v128.store(cosines + at, v128.xor(v128.bitselect(sine, cosine, odd), cosineSign))
  }
}

/** Turns the two angles at `address` on, by the lower two lanes of `rates` times `steps`. @returns them */
// @ts-ignore: decorator
@inline
function turnTwo(address: usize, rates: v128, steps: v128): v128 {
  const sum = f64x2.add(v128.load(address), f64x2.mul(f64x2.promote_low_f32x4(rates), steps))
  const turns = f64x2.floor(f64x2.mul(sum, wideConstant(TURN, 0)))
  const angle = f64x2.sub(sum, f64x2.mul(turns, wideConstant(TURN, 1)))
  v128.store(address, angle)
  return angle
}

/** The nearest whole numbers of quarter turns, in the lowest bits. */
// @ts-ignore: decorator
@inline
function quarters(angle: v128): v128 {
  return f64x2.add(f64x2.mul(angle, wideConstant(TURN, 2)), wideConstant(TURN, 4))
}

/** What is left of the angles without those quarters, as float32 in the lower two lanes. */
// @ts-ignore: decorator
@inline
function rest(angle: v128, rounded: v128): v128 {
  const whole = f64x2.sub(rounded, wideConstant(TURN, 4))
  return f32x4.demote_f64x2_zero(f64x2.sub(angle, f64x2.mul(whole, wideConstant(TURN, 3))))
}
