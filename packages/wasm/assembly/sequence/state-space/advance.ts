import { madd } from '../../math/madd'
import { PANEL_BYTES, rowAddress } from './panel'

/**
 * Rows `n` to `n` + 3 of the state h after a chunk; see `panel.ts`. Rows from `dState` on are written too, with no
 * meaning.
 * @param k (rows, dState), f32
 */
export function advance(
  k: usize,
  kStride: usize,
  n: i32,
  dState: i32,
  decay: f32,
  x: usize,
  rows: i32,
  h: usize,
): void {
  let a = rowAddress(k, 4, n, dState)
  let b = rowAddress(k, 4, n + 1, dState)
  let c = rowAddress(k, 4, n + 2, dState)
  let d = rowAddress(k, 4, n + 3, dState)
  h += n * PANEL_BYTES
  let v = f32x4.splat(decay)
  let a0 = f32x4.mul(v, v128.load(h))
  let a1 = f32x4.mul(v, v128.load(h, 16))
  let b0 = f32x4.mul(v, v128.load(h, 32))
  let b1 = f32x4.mul(v, v128.load(h, 48))
  let c0 = f32x4.mul(v, v128.load(h, 64))
  let c1 = f32x4.mul(v, v128.load(h, 80))
  let d0 = f32x4.mul(v, v128.load(h, 96))
  let d1 = f32x4.mul(v, v128.load(h, 112))
  for (const end = x + rows * PANEL_BYTES; x < end; x += PANEL_BYTES) {
    const low = v128.load(x)
    const high = v128.load(x, 16)
    v = v128.load32_splat(a)
    a0 = madd(low, v, a0)
    a1 = madd(high, v, a1)
    v = v128.load32_splat(b)
    b0 = madd(low, v, b0)
    b1 = madd(high, v, b1)
    v = v128.load32_splat(c)
    c0 = madd(low, v, c0)
    c1 = madd(high, v, c1)
    v = v128.load32_splat(d)
    d0 = madd(low, v, d0)
    d1 = madd(high, v, d1)
    a += kStride
    b += kStride
    c += kStride
    d += kStride
  }
  v128.store(h, a0)
  v128.store(h, a1, 16)
  v128.store(h, b0, 32)
  v128.store(h, b1, 48)
  v128.store(h, c0, 64)
  v128.store(h, c1, 80)
  v128.store(h, d0, 96)
  v128.store(h, d1, 112)
}
