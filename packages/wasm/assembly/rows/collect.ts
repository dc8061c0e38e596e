import { float, int, pointer } from '../runtime/control'

/*
 * The places of all elements that are not below a threshold, in ascending order. One tile.
 *
 *   0 x          (count), f32, none of them NaN
 *   1 count
 *   2 maxima     (⌈count / chunk⌉), f32, from `chunkMaxima`: of most chunks nothing else needs to be read
 *   3 chunk      elements of a chunk, a multiple of 4
 *   4 threshold  f32
 *   5 places     (count), i32; as many of them are written as are found
 *   6 found      (1), i32
 */
export function collect(args: usize): void {
  const x = pointer(args, 0)
  const count = int(args, 1)
  const chunk = int(args, 3)
  const threshold = float(args, 4)
  let maxima = pointer(args, 2)
  let to = pointer(args, 5)
  for (let start = 0; start < count; start += chunk) {
    if (load<f32>(maxima) >= threshold) to = collectChunk(x, start, min(start + chunk, count), threshold, to)
    maxima += 4
  }
  store<i32>(pointer(args, 6), <i32>((to - pointer(args, 5)) >> 2))
}

/** Places from `start` to `end` − 1. @returns the address after the last one that was written */
function collectChunk(x: usize, start: i32, end: i32, threshold: f32, to: usize): usize {
  const thresholds = f32x4.splat(threshold)
  let i = start
  for (; i + 4 <= end; i += 4) {
    let mask = i32x4.bitmask(f32x4.ge(v128.load(x + (i << 2)), thresholds))
    for (; mask != 0; mask &= mask - 1) {
      store<i32>(to, i + ctz(mask))
      to += 4
    }
  }
  for (; i < end; i++) {
    if (load<f32>(x + (i << 2)) < threshold) continue
    store<i32>(to, i)
    to += 4
  }
  return to
}
