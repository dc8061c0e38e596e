import { expOfMinus } from './activate'
import { constant, NORMAL_TAIL } from './constants'
import { loadLanes, storeLanes } from './lanes'
import { madd } from './madd'

/**
 * y = x Φ(x), the exact form of the Gaussian error linear unit, for `count` float32; y must not overlap x.
 *
 * Φ(−|x|) = e^(−x²/2) w P(w) with w = 1 / (1 + 0.35 |x|), and Φ(|x|) = 1 − Φ(−|x|). The largest error is 2.2e-7 |x|.
 */
export function gelu(x: usize, y: usize, count: i32): void {
  const half = f32x4.splat(0.5)
  for (let i = 0; i < count; i += 4) {
    const v = loadLanes(x + (i << 2), count - i)
    storeLanes(y + (i << 2), f32x4.mul(f32x4.mul(v, v), half), count - i)
  }
  expOfMinus(y, y, count)
  const one = f32x4.splat(1)
  for (let i = 0; i < count; i += 4) {
    const v = loadLanes(x + (i << 2), count - i)
    const e = loadLanes(y + (i << 2), count - i)
    const w = f32x4.div(one, madd(f32x4.abs(v), constant(NORMAL_TAIL, 9), one))
    let p = constant(NORMAL_TAIL, 0)
    for (let k = 1; k < 9; k++) p = madd(p, w, constant(NORMAL_TAIL, k))
    const tail = f32x4.mul(e, f32x4.mul(w, p))
    const normal = v128.bitselect(tail, f32x4.sub(one, tail), f32x4.lt(v, f32x4.splat(0)))
    storeLanes(y + (i << 2), f32x4.mul(v, normal), count - i)
  }
}
