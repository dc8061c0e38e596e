import { constant, DECAY, NEGLIGIBLE_STATE } from '../../math/constants'
import { loadLanes, storeLanes } from '../../math/lanes'
import { madd, sumLanes } from '../../math/madd'
import { flushed } from '../state-space/state'
import { updateState } from './update-state'

/**
 * The selective scan at one position, with four states of a channel in the lanes: A and the state stay as their tensors
 * have them. Otherwise as `scanBlock`.
 * @param steps (channels), Δ
 * @param inputs (channels), x
 * @param A (channels, dState)
 * @param B (dState)
 * @param C (dState)
 * @param h (channels, dState)
 * @param y (channels), written
 */
export function scanRow(
  steps: usize,
  inputs: usize,
  A: usize,
  B: usize,
  C: usize,
  h: usize,
  y: usize,
  channels: i32,
  dState: i32,
): void {
  const log2e = constant(DECAY, 0)
  const lowest = constant(DECAY, 1)
  const rounding = constant(DECAY, 2)
  const c5 = constant(DECAY, 3)
  const c4 = constant(DECAY, 4)
  const c3 = constant(DECAY, 5)
  const c2 = constant(DECAY, 6)
  const c1 = constant(DECAY, 7)
  const negligible = constant(NEGLIGIBLE_STATE, 0)
  for (const end = steps + (channels << 2); steps < end; steps += 4) {
    const x = v128.load32_splat(inputs)
    const step = f32x4.mul(v128.load32_splat(steps), log2e)
    let sum = f32x4.splat(0)
    let n = 0
    for (; n + 4 <= dState; n += 4) {
      const at: usize = n << 2
      const power = f32x4.mul(step, v128.load(A + at))
      const b = v128.load(B + at)
      const next = updateState(v128.load(h + at), power, x, b, lowest, rounding, c5, c4, c3, c2, c1)
      const state = flushed(next, negligible)
      v128.store(h + at, state)
      sum = madd(v128.load(C + at), state, sum)
    }
    if (n < dState) {
      const at: usize = n << 2
      const left = dState - n
      const power = f32x4.mul(step, loadLanes(A + at, left))
      const b = loadLanes(B + at, left)
      const next = updateState(loadLanes(h + at, left), power, x, b, lowest, rounding, c5, c4, c3, c2, c1)
      const state = flushed(next, negligible)
      storeLanes(h + at, state, left)
      sum = madd(loadLanes(C + at, left), state, sum)
    }
    store<f32>(y, sumLanes(sum))
    inputs += 4
    y += 4
    A += dState << 2
    h += dState << 2
  }
}
