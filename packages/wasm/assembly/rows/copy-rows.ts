import { int, pointer } from '../runtime/control'

/*
 * Copies rows that lie at one stride to rows that lie at another; tile t copies its share of them.
 *
 *   0 from        first byte of the first row that is read
 *   1 fromStride  bytes from one row to the next
 *   2 to          first byte of the first row that is written
 *   3 toStride    bytes from one row to the next
 *   4 rows
 *   5 bytes       of each row
 *   6 rowsPerTile
 */
export function copyRows(args: usize, tile: i32): void {
  const fromStride = pointer(args, 1)
  const toStride = pointer(args, 3)
  const bytes = pointer(args, 5)
  const rowsPerTile = int(args, 6)
  const first = tile * rowsPerTile
  const last = min(first + rowsPerTile, int(args, 4))
  for (let row = first; row < last; row++) {
    memory.copy(pointer(args, 2) + row * toStride, pointer(args, 0) + row * fromStride, bytes)
  }
}
