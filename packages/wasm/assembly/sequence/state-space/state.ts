import { constant, NEGLIGIBLE_STATE } from '../../math/constants'
import { storeTransposed } from '../../matrix/transpose'

/*
 * Recurrent states between the tensors that keep them and the scratch memory in which they are computed with.
 */

/**
 * Copies `rows` rows of `size` elements, at most four rows, side by side: element n of each row into the vector at
 * `to` + n · `toStride`, one row in each lane. Lanes without a row become 0.
 * @param stride bytes from one row to the next
 */
export function toLanes(from: usize, stride: usize, rows: i32, size: i32, to: usize, toStride: usize): void {
  const end = from + (size << 2)
  if (rows < 4) {
    for (; from < end; from += 4) {
      let v = f32x4.splat(0)
      if (rows > 0) v = v128.load32_zero(from)
      if (rows > 1) v = v128.load_lane<f32>(from + stride, v, 1)
      if (rows > 2) v = v128.load_lane<f32>(from + 2 * stride, v, 2)
      v128.store(to, v)
      to += toStride
    }
    return
  }
  let b = from + stride
  let c = b + stride
  let d = c + stride
  for (; from + 16 <= end; from += 16) {
    storeTransposed(v128.load(from), v128.load(b), v128.load(c), v128.load(d), to, toStride)
    b += 16
    c += 16
    d += 16
    to += toStride << 2
  }
  for (; from < end; from += 4) {
    let v = v128.load32_zero(from)
    v = v128.load_lane<f32>(b, v, 1)
    v = v128.load_lane<f32>(c, v, 2)
    v128.store(to, v128.load_lane<f32>(d, v, 3))
    b += 4
    c += 4
    d += 4
    to += toStride
  }
}

/** The reverse of {@link toLanes}, for 1 to 4 rows. */
export function fromLanes(
  from: usize,
  fromStride: usize,
  to: usize,
  stride: usize,
  rows: i32,
  size: i32,
): void {
  const end = to + (size << 2)
  if (rows < 4) {
    for (; to < end; to += 4) {
      const v = v128.load(from)
      store<f32>(to, f32x4.extract_lane(v, 0))
      if (rows > 1) v128.store_lane<f32>(to + stride, v, 1)
      if (rows > 2) v128.store_lane<f32>(to + 2 * stride, v, 2)
      from += fromStride
    }
    return
  }
  for (; to + 16 <= end; to += 16) {
    const second = from + fromStride
    const third = second + fromStride
    const fourth = third + fromStride
    storeTransposed(v128.load(from), v128.load(second), v128.load(third), v128.load(fourth), to, stride)
    from = fourth + fromStride
  }
  let b = to + stride
  let c = b + stride
  let d = c + stride
  for (; to < end; to += 4) {
    const v = v128.load(from)
    v128.store_lane<f32>(to, v, 0)
    v128.store_lane<f32>(b, v, 1)
    v128.store_lane<f32>(c, v, 2)
    v128.store_lane<f32>(d, v, 3)
    b += 4
    c += 4
    d += 4
    from += fromStride
  }
}

/**
 * Four states, those smaller than 2⁻¹⁰⁰, which `negligible` holds in all lanes, replaced by 0. A state that decays
 * through a long silence would end among the subnormal numbers, on which some processors need a hundred times as long,
 * and stay there. It changes a state, and what is read from it, by less than 2⁻¹⁰⁰ times a weight: nothing beside
 * numbers that mean something. NaN stays.
 */
// @ts-ignore: decorator
@inline
export function flushed(h: v128, negligible: v128): v128 {
  return v128.andnot(h, f32x4.lt(f32x4.abs(h), negligible))
}

/** Replaces `count` vectors of states by what {@link flushed} gives. */
export function flush(h: usize, count: i32): void {
  const negligible = constant(NEGLIGIBLE_STATE, 0)
  for (const end = h + (count << 4); h < end; h += 16) v128.store(h, flushed(v128.load(h), negligible))
}
