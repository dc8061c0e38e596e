import { constant, EXP, LOG1P } from './constants'
import { loadLanes, storeLanes } from './lanes'
import { madd } from './madd'

/*
 * Exponentials and the activations made of them, for `count` float32 from `x` to `y`, which may be the same.
 *
 *   e⁻ˣ = 2ⁿ e⁻ᶠ with n = round(−x log₂ e) and f = x + n ln 2, by a polynomial of degree 6.
 *
 * Largest errors in units of the last place, over every 211th float32: e⁻ˣ 1.2 (with fused multiply-add 0.9), silu 2.2,
 * softplus 2.6. e⁻ˣ is 0 from x = 87.7 on, where it would be subnormal, and ∞ from x = −88.4 on.
 */

/** Which function; constants at compile time, so that each has a loop of its own. */
const EXP_OF_MINUS: i32 = 0
const SILU: i32 = 1
const SILU_TIMES: i32 = 2
const SOFTPLUS: i32 = 3

/** y = e⁻ˣ */
export function expOfMinus(x: usize, y: usize, count: i32): void {
  each(EXP_OF_MINUS, x, 0, y, count)
}

/** y = x / (1 + e⁻ˣ) */
export function silu(x: usize, y: usize, count: i32): void {
  each(SILU, x, 0, y, count)
}

/** y = other · silu(x) */
export function siluTimes(x: usize, other: usize, y: usize, count: i32): void {
  each(SILU_TIMES, x, other, y, count)
}

/** y = log(1 + eˣ) */
export function softplus(x: usize, y: usize, count: i32): void {
  each(SOFTPLUS, x, 0, y, count)
}

// @ts-ignore: decorator
@inline
function each(kind: i32, x: usize, other: usize, y: usize, count: i32): void {
  const lowest = constant(EXP, 0)
  const highest = constant(EXP, 1)
  const log2e = constant(EXP, 2)
  const rounding = constant(EXP, 3)
  const ln2High = constant(EXP, 4)
  const ln2Low = constant(EXP, 5)
  const c6 = constant(EXP, 6)
  const c5 = constant(EXP, 7)
  const c4 = constant(EXP, 8)
  const c3 = constant(EXP, 9)
  const c2 = constant(EXP, 10)
  const c1 = constant(EXP, 11)
  const one = f32x4.neg(c1)
  for (let left = count; left > 0; left -= 4) {
    const value = loadLanes(x, left)
    // Softplus needs e to the power of −|x|.
    let v = kind == SOFTPLUS ? f32x4.abs(value) : value
    v = f32x4.pmin(f32x4.pmax(v, lowest), highest)
    const exponent = madd(v, log2e, rounding)
    const n = f32x4.sub(exponent, rounding)
    const f = madd(n, ln2Low, madd(n, ln2High, v))
    let p = madd(c6, f, c5)
    p = madd(p, f, c4)
    p = madd(p, f, c3)
    p = madd(p, f, c2)
    p = madd(p, f, c1)
    p = madd(p, f, one)
    const e = f32x4.mul(p, i32x4.shl(exponent, 23))
    if (kind == EXP_OF_MINUS) {
      storeLanes(y, e, left)
    } else if (kind == SOFTPLUS) {
      storeLanes(y, f32x4.add(log1p(e, one), f32x4.pmax(f32x4.splat(0), value)), left)
    } else {
      const result = f32x4.div(value, f32x4.add(one, e))
      storeLanes(y, kind == SILU ? result : f32x4.mul(result, loadLanes(other, left)), left)
    }
    x += 16
    if (kind == SILU_TIMES) other += 16
    y += 16
  }
}

/** log(1 + e) for 0 ≤ e ≤ 1, as 2 artanh(s) with s = e / (2 + e): keeps its digits where e is small. */
// @ts-ignore: decorator
@inline
function log1p(e: v128, one: v128): v128 {
  const s = f32x4.div(e, f32x4.add(e, f32x4.add(one, one)))
  const q = f32x4.mul(s, s)
  const twice = f32x4.add(s, s)
  let p = madd(constant(LOG1P, 0), q, constant(LOG1P, 1))
  p = madd(p, q, constant(LOG1P, 2))
  p = madd(p, q, constant(LOG1P, 3))
  return madd(f32x4.mul(twice, q), p, twice)
}
