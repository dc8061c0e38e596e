import { loadLanes, storeLanes } from '../math/lanes'
import { madd } from '../math/madd'

/*
 * Arithmetic on `count` float32, into `y`, which may be the same as an argument.
 */

/** Which function; constants at compile time, so that each has a loop of its own. */
const ADD: i32 = 0
const MUL: i32 = 1
const SCALE: i32 = 2
const RELU2: i32 = 3
const MULTIPLY_ADD: i32 = 4

/** y = a + b */
export function add(a: usize, b: usize, y: usize, count: i32): void {
  each(ADD, a, b, 0, 0, y, count)
}

/** y = a · b */
export function mul(a: usize, b: usize, y: usize, count: i32): void {
  each(MUL, a, b, 0, 0, y, count)
}

/** y = factor · x */
export function scale(x: usize, factor: f32, y: usize, count: i32): void {
  each(SCALE, x, 0, 0, factor, y, count)
}

/** y = max(x, 0)² */
export function relu2(x: usize, y: usize, count: i32): void {
  each(RELU2, x, 0, 0, 0, y, count)
}

/** y = a · b + c */
export function multiplyAdd(a: usize, b: usize, c: usize, y: usize, count: i32): void {
  each(MULTIPLY_ADD, a, b, c, 0, y, count)
}

// @ts-ignore: decorator
@inline
function each(kind: i32, a: usize, b: usize, c: usize, factor: f32, y: usize, count: i32): void {
  const factors = f32x4.splat(factor)
  let left = count
  for (; left >= 4; left -= 4) {
    v128.store(y, apply(kind, a, b, c, factors, 4))
    a += 16
    b += 16
    c += 16
    y += 16
  }
  if (left > 0) storeLanes(y, apply(kind, a, b, c, factors, left), left)
}

// @ts-ignore: decorator
@inline
function apply(kind: i32, a: usize, b: usize, c: usize, factors: v128, left: i32): v128 {
  const v = loadLanes(a, left)
  if (kind == ADD) return f32x4.add(v, loadLanes(b, left))
  if (kind == MUL) return f32x4.mul(v, loadLanes(b, left))
  if (kind == SCALE) return f32x4.mul(v, factors)
  if (kind == MULTIPLY_ADD) return madd(v, loadLanes(b, left), loadLanes(c, left))
  const positive = f32x4.pmax(f32x4.splat(0), v)
  return f32x4.mul(positive, positive)
}
