import { madd, sumLanes } from '../math/madd'
import { F16_BITS, UPPER_BITS } from '../runtime/constants'
import { bf16, HALF_SCALE, tinyF16 } from './f16'

/*
 * Σ w[i] · x[i] over one row of weights, for each dtype that weights have. Four sums run side by side, as one
 * multiply-add has to wait for the one before.
 */

// @ts-ignore: decorator
@inline
function sumOf(a: v128, b: v128, c: v128, d: v128): f32 {
  return sumLanes(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)))
}

/** @param w (count), f32; @param x (count), f32 */
export function dotF32(w: usize, x: usize, count: i32): f32 {
  let a = f32x4.splat(0)
  let b = a
  let c = a
  let d = a
  const end = w + (<usize>count << 2)
  for (; w + 64 <= end; w += 64, x += 64) {
    a = madd(v128.load(w), v128.load(x), a)
    b = madd(v128.load(w, 16), v128.load(x, 16), b)
    c = madd(v128.load(w, 32), v128.load(x, 32), c)
    d = madd(v128.load(w, 48), v128.load(x, 48), d)
  }
  let sum = sumOf(a, b, c, d)
  for (; w < end; w += 4, x += 4) sum += load<f32>(w) * load<f32>(x)
  return sum
}

/** @param w (count), f16; @param x (count), f32, from `prepareRows`: in its order, and times 2⁵⁶ */
export function dotF16(w: usize, x: usize, count: i32): f32 {
  const bits = v128.load(F16_BITS)
  let a = f32x4.splat(0)
  let b = a
  let c = a
  let d = a
  const end = w + (<usize>count << 1)
  for (; w + 32 <= end; w += 32, x += 64) {
    let pairs = v128.load(w)
    a = madd(v128.and(i32x4.shr_s(i32x4.shl(pairs, 16), 3), bits), v128.load(x), a)
    b = madd(v128.and(i32x4.shr_s(pairs, 3), bits), v128.load(x, 16), b)
    pairs = v128.load(w, 16)
    c = madd(v128.and(i32x4.shr_s(i32x4.shl(pairs, 16), 3), bits), v128.load(x, 32), c)
    d = madd(v128.and(i32x4.shr_s(pairs, 3), bits), v128.load(x, 48), d)
  }
  let sum = sumOf(a, b, c, d)
  for (; w < end; w += 2, x += 4) sum += tinyF16(w) * load<f32>(x)
  return sum * HALF_SCALE
}

/** @param w (count), bf16; @param x (count), f32, from `prepareRows`: in its order */
export function dotBf16(w: usize, x: usize, count: i32): f32 {
  const upper = v128.load(UPPER_BITS)
  let a = f32x4.splat(0)
  let b = a
  let c = a
  let d = a
  const end = w + (<usize>count << 1)
  for (; w + 32 <= end; w += 32, x += 64) {
    let pairs = v128.load(w)
    a = madd(i32x4.shl(pairs, 16), v128.load(x), a)
    b = madd(v128.and(pairs, upper), v128.load(x, 16), b)
    pairs = v128.load(w, 16)
    c = madd(i32x4.shl(pairs, 16), v128.load(x, 32), c)
    d = madd(v128.and(pairs, upper), v128.load(x, 48), d)
  }
  let sum = sumOf(a, b, c, d)
  for (; w < end; w += 2, x += 4) sum += bf16(w) * load<f32>(x)
  return sum
}
