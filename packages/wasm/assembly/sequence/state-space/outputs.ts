import { madd } from '../../math/madd'
import { PANEL_BYTES, rowAddress } from './panel'

/**
 * Rows `row` to `row` + 3 of a chunk's outputs y; see `panel.ts`. Rows from `rows` on are written too, with no meaning.
 * @param decay (rows), f32
 * @param weights (rows, width), f32, 0 right of the diagonal
 * @param reach columns of the weights that are not all 0
 * @param yStride bytes from one row of y to the next
 */
export function outputs(
  q: usize,
  qStride: usize,
  dState: i32,
  h: usize,
  decay: usize,
  weights: usize,
  weightsStride: usize,
  reach: i32,
  x: usize,
  row: i32,
  rows: i32,
  y: usize,
  yStride: usize,
): void {
  let a = rowAddress(q, qStride, row, rows)
  let b = rowAddress(q, qStride, row + 1, rows)
  let c = rowAddress(q, qStride, row + 2, rows)
  let d = rowAddress(q, qStride, row + 3, rows)
  let a0 = f32x4.splat(0)
  let a1 = a0
  let b0 = a0
  let b1 = a0
  let c0 = a0
  let c1 = a0
  let d0 = a0
  let d1 = a0
  for (const end = h + dState * PANEL_BYTES; h < end; h += PANEL_BYTES) {
    const low = v128.load(h)
    const high = v128.load(h, 16)
    let v = v128.load32_splat(a)
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
    a += 4
    b += 4
    c += 4
    d += 4
  }
  let v = v128.load32_splat(rowAddress(decay, 4, row, rows))
  a0 = f32x4.mul(a0, v)
  a1 = f32x4.mul(a1, v)
  v = v128.load32_splat(rowAddress(decay, 4, row + 1, rows))
  b0 = f32x4.mul(b0, v)
  b1 = f32x4.mul(b1, v)
  v = v128.load32_splat(rowAddress(decay, 4, row + 2, rows))
  c0 = f32x4.mul(c0, v)
  c1 = f32x4.mul(c1, v)
  v = v128.load32_splat(rowAddress(decay, 4, row + 3, rows))
  d0 = f32x4.mul(d0, v)
  d1 = f32x4.mul(d1, v)

  a = rowAddress(weights, weightsStride, row, rows)
  b = rowAddress(weights, weightsStride, row + 1, rows)
  c = rowAddress(weights, weightsStride, row + 2, rows)
  d = rowAddress(weights, weightsStride, row + 3, rows)
  for (const end = x + reach * PANEL_BYTES; x < end; x += PANEL_BYTES) {
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
    a += 4
    b += 4
    c += 4
    d += 4
  }
  y += row * yStride
  v128.store(y, a0)
  v128.store(y, a1, 16)
  y += yStride
  v128.store(y, b0)
  v128.store(y, b1, 16)
  y += yStride
  v128.store(y, c0)
  v128.store(y, c1, 16)
  y += yStride
  v128.store(y, d0)
  v128.store(y, d1, 16)
}
