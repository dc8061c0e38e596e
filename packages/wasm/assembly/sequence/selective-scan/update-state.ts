import { madd } from '../../math/madd'

/**
 * The next state of the selective scan: 2ᵖ h + x B, for p ≤ 0.
 *
 * 2ᵖ = 2ⁿ (1 + f P(f)) with n = round(p) and f = p − n, so the state is g + x B + f g P(f) with g = 2ⁿ h: that keeps the
 * digits of a slow decay, whose f is near 0. Where p is below −126.5 the old state is forgotten.
 * @param lowest and all that follow: the entries of the table `DECAY` from 1 on
 */
// @ts-ignore: decorator
@inline
export function updateState(
  h: v128,
  p: v128,
  x: v128,
  B: v128,
  lowest: v128,
  rounding: v128,
  c5: v128,
  c4: v128,
  c3: v128,
  c2: v128,
  c1: v128,
): v128 {
  const power = f32x4.pmax(p, lowest)
  const exponent = f32x4.add(power, rounding)
  const f = f32x4.sub(power, f32x4.sub(exponent, rounding))
  const g = f32x4.mul(h, i32x4.shl(exponent, 23))
  let q = madd(c5, f, c4)
  q = madd(q, f, c3)
  q = madd(q, f, c2)
  q = madd(q, f, c1)
  return madd(q, f32x4.mul(f, g), madd(x, B, g))
}
