import { loadLanes, sumsOfLanes } from '../../math/lanes'
import { madd } from '../../math/madd'

/**
 * One row of scores: q · k for each of `count` rows of k.
 * @param q (dState), f32
 * @param k (count, dState), f32
 * @param stride bytes from one row of k to the next
 * @param to `count` rounded up to a multiple of 4 float32; what goes beyond `count` has no meaning
 */
export function scoreRow(q: usize, k: usize, stride: usize, count: i32, dState: i32, to: usize): void {
  for (let row = 0; row < count; row += 4) {
    const a = k + row * stride
    const b = row + 1 < count ? a + stride : a
    const c = row + 2 < count ? b + stride : b
    const d = row + 3 < count ? c + stride : c
    let sumA = f32x4.splat(0)
    let sumB = sumA
    let sumC = sumA
    let sumD = sumA
    let n = 0
    for (; n + 4 <= dState; n += 4) {
      const at: usize = n << 2
      const v = v128.load(q + at)
      sumA = madd(v, v128.load(a + at), sumA)
      sumB = madd(v, v128.load(b + at), sumB)
      sumC = madd(v, v128.load(c + at), sumC)
      sumD = madd(v, v128.load(d + at), sumD)
    }
    if (n < dState) {
      const at: usize = n << 2
      const left = dState - n
      const v = loadLanes(q + at, left)
      sumA = madd(v, loadLanes(a + at, left), sumA)
      sumB = madd(v, loadLanes(b + at, left), sumB)
      sumC = madd(v, loadLanes(c + at, left), sumC)
      sumD = madd(v, loadLanes(d + at, left), sumD)
    }
    v128.store(to + (row << 2), sumsOfLanes(sumA, sumB, sumC, sumD))
  }
}
