import { CHUNK } from '../../../src/kernels'
import { softplus } from '../../math/activate'
import { loadLanes } from '../../math/lanes'
import { float, int, pointer } from '../../runtime/control'

/*
 * The arguments of Mamba-2's kernels, and the step sizes that they make of them.
 *
 *   0 x          (batch, length, nHeads · headDim), f32
 *   1 xStride    bytes from one position to the next
 *   2 dt         (batch, length, nHeads), f32
 *   3 dtStride
 *   4 dtBias     (nHeads), f32
 *   5 smallest   Δ, f32
 *   6 largest    Δ, f32
 *   7 A          (nHeads), f32, < 0
 *   8 B          (batch, length, nGroups · dState), f32
 *   9 bStride
 *  10 C          as B
 *  11 cStride
 *  12 D          (nHeads) or (nHeads · headDim), f32
 *  13 perChannel 1 if D has an entry for each channel
 *  14 state      (batch, nHeads, headDim, dState), f32; overwritten
 *  15 y          (batch, length, nHeads · headDim), f32, without gaps
 *  16 length
 *  17 nHeads
 *  18 headDim
 *  19 nGroups
 *  20 dState
 *  21 scores     (batch, chunks, nGroups, CHUNK, CHUNK), f32; for the block form
 */

/** Bytes of a row of a chunk's matrices. */
export const CHUNK_BYTES: usize = CHUNK * 4

/**
 * Step sizes Δ = clamp(softplus(dt + dtBias)) and a = Δ |A| of one head at `size` positions from `row` of
 * (batch · length) on.
 * @param steps written
 * @param a written
 */
export function stepSizes(args: usize, head: i32, row: i32, size: i32, steps: usize, a: usize): void {
  const dt = pointer(args, 2) + row * pointer(args, 3) + (head << 2)
  const bias = load<f32>(pointer(args, 4) + (head << 2))
  for (let t = 0; t < size; t++) {
    store<f32>(steps + (t << 2), load<f32>(dt + t * pointer(args, 3)) + bias)
  }
  softplus(steps, steps, size)
  const rate = -load<f32>(pointer(args, 7) + (head << 2))
  for (let t = 0; t < size; t++) {
    const step = min<f32>(max<f32>(load<f32>(steps + (t << 2)), float(args, 5)), float(args, 6))
    store<f32>(steps + (t << 2), step)
    store<f32>(a + (t << 2), rate * step)
  }
}

/** The weights D of a head's channels from `channel` on, at most four. */
// @ts-ignore: decorator
@inline
export function skips(args: usize, head: i32, channel: i32): v128 {
  const headDim = int(args, 18)
  const D = pointer(args, 12)
  if (int(args, 13) == 0) return v128.load32_splat(D + (head << 2))
  return loadLanes(D + ((head * headDim + channel) << 2), headDim - channel)
}

/** Address of a row of B or C, the one of the head's group. */
// @ts-ignore: decorator
@inline
export function groupRow(args: usize, argument: usize, head: i32, row: i32): usize {
  const group = head / (int(args, 17) / int(args, 19))
  return pointer(args, argument) + row * pointer(args, argument + 1) + ((group * int(args, 20)) << 2)
}
