/*
 * Vectors at the end of a row, where fewer than four elements may be left. What lies behind them belongs to somebody
 * else: it is neither read nor written.
 */

/** The first `count` elements at `address`, at most 4; the other lanes are 0. */
// @ts-ignore: decorator
@inline
export function loadLanes(address: usize, count: i32): v128 {
  return count >= 4 ? v128.load(address) : loadSome(address, count)
}

function loadSome(address: usize, count: i32): v128 {
  if (count <= 0) return f32x4.splat(0)
  let v = v128.load32_zero(address)
  if (count > 1) v = v128.load_lane<f32>(address + 4, v, 1)
  if (count > 2) v = v128.load_lane<f32>(address + 8, v, 2)
  return v
}

/** Stores the first `count` lanes, at most 4. */
// @ts-ignore: decorator
@inline
export function storeLanes(address: usize, v: v128, count: i32): void {
  if (count >= 4) v128.store(address, v)
  else storeSome(address, v, count)
}

function storeSome(address: usize, v: v128, count: i32): void {
  if (count > 0) store<f32>(address, f32x4.extract_lane(v, 0))
  if (count > 1) store<f32>(address, f32x4.extract_lane(v, 1), 4)
  if (count > 2) store<f32>(address, f32x4.extract_lane(v, 2), 8)
}

/** Copies `count` float32: for few of them faster than `memory.copy`, which leaves WebAssembly in some engines. */
export function copyLanes(from: usize, to: usize, count: i32): void {
  for (; count > 0; count -= 4) {
    storeLanes(to, loadLanes(from, count), count)
    from += 16
    to += 16
  }
}

/** The sum of each argument's four lanes. */
// @ts-ignore: decorator
@inline
export function sumsOfLanes(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 1, 4, 5), v128.shuffle<f32>(a, b, 2, 3, 6, 7))
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 1, 4, 5), v128.shuffle<f32>(c, d, 2, 3, 6, 7))
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 2, 4, 6), v128.shuffle<f32>(ab, cd, 1, 3, 5, 7))
}
