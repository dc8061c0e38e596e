import { int, pointer } from '../runtime/control'
import { expand } from './expand'

/*
 * Rows of a table, expanded to float32; tile t looks up its share of the ids.
 *
 *   0 table        (vocabulary, size), address of its first element
 *   1 tableStride  bytes from one row to the next
 *   2 dtype        of the table
 *   3 ids          (count), i32, each inside the vocabulary
 *   4 y            (count, size), f32
 *   5 count
 *   6 size
 *   7 idsPerTile
 */
export function embedding(args: usize, tile: i32): void {
  const ids = pointer(args, 3)
  const size = int(args, 6)
  const first = tile * int(args, 7)
  const last = min(first + int(args, 7), int(args, 5))
  for (let i = first; i < last; i++) {
    const row = pointer(args, 0) + load<usize>(ids + (i << 2)) * pointer(args, 1)
    expand(int(args, 2), row, pointer(args, 4) + ((i * size) << 2), size)
  }
}
