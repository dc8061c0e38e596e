import { float, int, pointer } from '../runtime/control'

/*
 * Copies activations for `gemv` with f16 or bf16 weights, which takes the two halves of 32 bits in turn: of every 8
 * elements first those at even, then those at odd places. Of the elements after the last whole 16, the order stays.
 * Tile t takes its share of the rows.
 *
 *   0 x        (rows, dIn), f32
 *   1 xStride  bytes from one row to the next
 *   2 to       (rows, dIn), f32
 *   3 factor   f32, that all elements are multiplied by
 *   4 rows
 *   5 dIn
 *   6 rowsPerTile
 */
export function prepareRows(args: usize, tile: i32): void {
  const factor = f32x4.splat(float(args, 3))
  const dIn = int(args, 5)
  const first = tile * int(args, 6)
  const last = min(first + int(args, 6), int(args, 4))
  for (let row = first; row < last; row++) {
    const x = pointer(args, 0) + row * pointer(args, 1)
    const to = pointer(args, 2) + ((row * dIn) << 2)
    const end = (dIn & ~15) << 2
    let i = 0
    for (; i < end; i += 32) {
      const low = v128.load(x + i)
      const high = v128.load(x + i, 16)
      v128.store(to + i, f32x4.mul(v128.shuffle<f32>(low, high, 0, 2, 4, 6), factor))
      v128.store(to + i, f32x4.mul(v128.shuffle<f32>(low, high, 1, 3, 5, 7), factor), 16)
    }
    for (; i < dIn << 2; i += 4) store<f32>(to + i, load<f32>(x + i) * float(args, 3))
  }
}
