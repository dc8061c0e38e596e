import { pointer } from '../runtime/control'

/*
 * Reads memory and does next to nothing with it: what the benchmarks measure kernels against. Tile t reads its share.
 *
 *   0 from
 *   1 bytes         of each tile, a multiple of 64
 *   2 to            (tiles), one word of what came out
 */
export function readBytes(args: usize, tile: i32): void {
  let from = pointer(args, 0) + tile * pointer(args, 1)
  const end = from + pointer(args, 1)
  let a = i32x4.splat(0)
  let b = a
  let c = a
  let d = a
  for (; from < end; from += 64) {
    a = v128.xor(a, v128.load(from))
    b = v128.xor(b, v128.load(from, 16))
    c = v128.xor(c, v128.load(from, 32))
    d = v128.xor(d, v128.load(from, 48))
  }
  store<i32>(pointer(args, 2) + (tile << 2), i32x4.extract_lane(v128.xor(v128.xor(a, b), v128.xor(c, d)), 0))
}
