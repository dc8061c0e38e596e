import { siluTimes } from '../math/activate'
import { loadLanes, storeLanes } from '../math/lanes'
import { madd, sumLanes } from '../math/madd'
import { float, int, pointer } from '../runtime/control'

/*
 * y = x / √(mean(x²) + eps) · weight, the mean over each group of a row; tile t takes its share of the rows.
 *
 *   0 x             (rows, size), f32
 *   1 xStride       bytes from one row to the next
 *   2 gate          (rows, size), f32, or 0
 *   3 gateStride    bytes from one row to the next
 *   4 gateAfter     0: x · silu(gate) is normalised; 1: y is multiplied by silu(gate)
 *   5 weight        (size) or (groupSize), f32, or 0
 *   6 weightStride  bytes from one group's weights to the next's: 0 where all share them
 *   7 eps           f32
 *   8 y             (rows, size), f32, without gaps
 *   9 rows
 *  10 size
 *  11 groupSize     a divisor of size
 *  12 rowsPerTile
 */
export function rmsNorm(args: usize, tile: i32): void {
  const size = int(args, 10)
  const groupSize = int(args, 11)
  const first = tile * int(args, 12)
  const last = min(first + int(args, 12), int(args, 9))
  const gated = pointer(args, 2) != 0
  const gateAfter = int(args, 4) != 0
  for (let row = first; row < last; row++) {
    const x = pointer(args, 0) + row * pointer(args, 1)
    const gate = pointer(args, 2) + row * pointer(args, 3)
    const y = pointer(args, 8) + ((row * size) << 2)
    let source = x
    if (gated && !gateAfter) {
      siluTimes(gate, x, y, size)
      source = y
    }
    let weight = pointer(args, 5)
    for (let start = 0; start < size; start += groupSize) {
      const at: usize = start << 2
      const mean = sumOfSquares(source + at, groupSize) / <f32>groupSize
      multiply(source + at, weight, 1 / sqrt<f32>(mean + float(args, 7)), y + at, groupSize)
      weight += pointer(args, 6)
    }
    if (gated && gateAfter) siluTimes(gate, y, y, size)
  }
}

/** Σ x², in sixteen sums side by side: that is faster, and rounds less than one long sum. */
export function sumOfSquares(x: usize, count: i32): f32 {
  let a = f32x4.splat(0)
  let b = a
  let c = a
  let d = a
  let left = count
  for (; left >= 16; left -= 16) {
    const v = v128.load(x)
    const w = v128.load(x, 16)
    const p = v128.load(x, 32)
    const q = v128.load(x, 48)
    a = madd(v, v, a)
    b = madd(w, w, b)
    c = madd(p, p, c)
    d = madd(q, q, d)
    x += 64
  }
  for (; left > 0; left -= 4) {
    const v = loadLanes(x, left)
    a = madd(v, v, a)
    x += 16
  }
  return sumLanes(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)))
}

/** y = factor · x · weight, or factor · x where `weight` is 0. */
export function multiply(x: usize, weight: usize, factor: f32, y: usize, count: i32): void {
  const factors = f32x4.splat(factor)
  for (let i = 0; i < count; i += 4) {
    const at: usize = i << 2
    let v = f32x4.mul(loadLanes(x + at, count - i), factors)
    if (weight != 0) v = f32x4.mul(v, loadLanes(weight + at, count - i))
    storeLanes(y + at, v, count - i)
  }
}
