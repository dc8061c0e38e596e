import { expOfMinus } from '../../math/activate'

/*
 * How much of a state is left from one position of a chunk to another: the matrix L of the block form,
 * L[t, s] = exp(−Σ_{s<u≤t} a_u) with a = Δ |A|.
 *
 * The sums are taken term by term, not as differences of running sums, which lose digits after a large term.
 */

/** An exponent so large that e to the power of minus it is 0. */
const NEVER: f32 = 1e6

/**
 * Writes `size` + 1 rows of `width` float32: first exp(−Σ_{u≤t} a_u), what is left of the state before the chunk at each
 * position t; then the rows of L, which are 0 right of the diagonal.
 * @param a (size), f32, ≥ 0
 * @param width elements of a row, a multiple of 4, ≥ size
 */
export function decays(a: usize, size: i32, width: i32, to: usize): void {
  const rowBytes: usize = width << 2
  let sum: f32 = 0
  let row = to + rowBytes
  for (let s = 0; s < width; s++) {
    if (s < size) sum += load<f32>(a + (s << 2))
    store<f32>(to + (s << 2), sum)
    store<f32>(row + (s << 2), s == 0 ? 0 : NEVER)
  }
  for (let t = 1; t < size; t++) {
    const step = f32x4.splat(load<f32>(a + (t << 2)))
    for (let s = 0; s < width; s += 4) {
      const at: usize = s << 2
      v128.store(row + rowBytes + at, f32x4.add(v128.load(row + at), step))
    }
    row += rowBytes
    store<f32>(row + (t << 2), 0)
  }
  expOfMinus(to, to, (size + 1) * width)
}
