import { expOfMinus } from '../math/activate'
import { loadLanes, storeLanes } from '../math/lanes'
import { sumLanes } from '../math/madd'
import { float, int, pointer, scratch } from '../runtime/control'

/*
 * Σ e^((x − top) / temperature) over each chunk of an array. Tile t takes its share of the chunks.
 *
 *   0 x            (count), f32
 *   1 count
 *   2 sums         (⌈count / chunk⌉), f32
 *   3 chunk        elements of a chunk, at most 65536
 *   4 chunksPerTile
 *   5 top          f32, no less than any x
 *   6 temperature  f32, > 0
 */
export function expSums(args: usize, tile: i32, thread: i32): void {
  const count = int(args, 1)
  const chunk = int(args, 3)
  const first = tile * int(args, 4)
  const last = min(first + int(args, 4), (count + chunk - 1) / chunk)
  for (let i = first; i < last; i++) {
    const x = pointer(args, 0) + ((i * chunk) << 2)
    const sum = sumOfExp(x, min(chunk, count - i * chunk), float(args, 5), float(args, 6), scratch(thread))
    store<f32>(pointer(args, 2) + (i << 2), sum)
  }
}

/**
 * Σ e^((x − top) / temperature) over `count` elements.
 * @param buffer address of memory for as many float32
 */
export function sumOfExp(x: usize, count: i32, top: f32, temperature: f32, buffer: usize): f32 {
  const tops = f32x4.splat(top)
  const temperatures = f32x4.splat(temperature)
  for (let i = 0; i < count; i += 4) {
    const depth = f32x4.sub(tops, loadLanes(x + (i << 2), count - i))
    storeLanes(buffer + (i << 2), f32x4.div(depth, temperatures), count - i)
  }
  expOfMinus(buffer, buffer, count)
  let sum = f32x4.splat(0)
  for (let i = 0; i < count; i += 4) sum = f32x4.add(sum, loadLanes(buffer + (i << 2), count - i))
  return sumLanes(sum)
}
