import { int, pointer, scratch } from '../runtime/control'
import { maximum } from './chunk-maxima'
import { sumOfExp } from './exp-sums'

/*
 * For each row of logits l with target t: Σ e^(l − max l) and max l − l[t]. The host adds the logarithm of the first to
 * the second, and has −log softmax(l)[t]. Tile t takes its share of the rows.
 *
 *   0 logits        (rows, vocabulary), f32
 *   1 logitsStride  bytes from one row to the next
 *   2 targets       (rows), i32, each inside the vocabulary
 *   3 sums          (rows), f32
 *   4 shifts        (rows), f32
 *   5 rows
 *   6 vocabulary
 *   7 rowsPerTile
 */
export function crossEntropy(args: usize, tile: i32, thread: i32): void {
  const vocabulary = int(args, 6)
  const first = tile * int(args, 7)
  const last = min(first + int(args, 7), int(args, 5))
  for (let row = first; row < last; row++) {
    const logits = pointer(args, 0) + row * pointer(args, 1)
    const target = load<i32>(pointer(args, 2) + (row << 2))
    const largest = maximum(logits, vocabulary)
    store<f32>(pointer(args, 3) + (row << 2), sumOfRow(logits, largest, vocabulary, scratch(thread)))
    store<f32>(pointer(args, 4) + (row << 2), largest - load<f32>(logits + (target << 2)))
  }
}

/** Elements that are summed up together: few enough for float32, and for the cache. */
const CHUNK: i32 = 1024

function sumOfRow(x: usize, largest: f32, count: i32, buffer: usize): f32 {
  let sum: f64 = 0
  for (let start = 0; start < count; start += CHUNK) {
    sum += <f64>sumOfExp(x + (start << 2), min(CHUNK, count - start), largest, 1, buffer)
  }
  return <f32>sum
}
