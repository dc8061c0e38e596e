import { int, pointer } from '../runtime/control'

/*
 * The largest element of each chunk of an array; NaN if the chunk has one. Tile t takes its share of the chunks.
 *
 *   0 x       (count), f32
 *   1 count   at least 1
 *   2 maxima  (⌈count / chunk⌉), f32
 *   3 chunk   elements of a chunk
 *   4 chunksPerTile
 */
export function chunkMaxima(args: usize, tile: i32): void {
  const count = int(args, 1)
  const chunk = int(args, 3)
  const first = tile * int(args, 4)
  const last = min(first + int(args, 4), (count + chunk - 1) / chunk)
  for (let i = first; i < last; i++) {
    const size = min(chunk, count - i * chunk)
    store<f32>(pointer(args, 2) + (i << 2), maximum(pointer(args, 0) + ((i * chunk) << 2), size))
  }
}

/** The largest of `count` elements, at least 1; NaN if one is. */
export function maximum(x: usize, count: i32): f32 {
  // V8 makes eight instructions of `f32x4.max`, which minds NaN, and three of these.
  let largest = f32x4.splat(load<f32>(x))
  let strange = f32x4.ne(largest, largest)
  const end = x + (<usize>count << 2)
  for (; x + 16 <= end; x += 16) {
    const v = v128.load(x)
    largest = f32x4.pmax(largest, v)
    strange = v128.or(strange, f32x4.ne(v, v))
  }
  for (; x < end; x += 4) {
    const v = v128.load32_splat(x)
    largest = f32x4.pmax(largest, v)
    strange = v128.or(strange, f32x4.ne(v, v))
  }
  if (v128.any_true(strange)) return f32.NaN
  return max<f32>(
    max<f32>(f32x4.extract_lane(largest, 0), f32x4.extract_lane(largest, 1)),
    max<f32>(f32x4.extract_lane(largest, 2), f32x4.extract_lane(largest, 3)),
  )
}
