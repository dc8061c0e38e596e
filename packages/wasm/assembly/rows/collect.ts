import { float, int, pointer } from '../runtime/control'

/*
 * The places of all elements that are not below a threshold, in ascending order. One tile.
 *
 *   0 x          (count), f32
 *   1 count
 *   2 threshold  f32
 *   3 places     (count), i32; as many of them are written as are found
 *   4 found      (1), i32
 */
export function collect(args: usize): void {
  const x = pointer(args, 0)
  const count = int(args, 1)
  const threshold = float(args, 2)
  const thresholds = f32x4.splat(threshold)
  let to = pointer(args, 3)
  let i = 0
  for (; i + 4 <= count; i += 4) {
    let mask = i32x4.bitmask(f32x4.ge(v128.load(x + (i << 2)), thresholds))
    for (; mask != 0; mask &= mask - 1) {
      store<i32>(to, i + ctz(mask))
      to += 4
    }
  }
  for (; i < count; i++) {
    if (load<f32>(x + (i << 2)) < threshold) continue
    store<i32>(to, i)
    to += 4
  }
  store<i32>(pointer(args, 4), <i32>((to - pointer(args, 3)) >> 2))
}
