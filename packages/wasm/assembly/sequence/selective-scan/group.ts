import { SCAN_CHANNELS, SCAN_POSITIONS } from '../../../src/kernels'
import { add, mul, multiplyAdd } from '../../elementwise/arithmetic'
import { siluTimes, softplus } from '../../math/activate'
import { int, pointer } from '../../runtime/control'

/*
 * What comes before and after the recurrence, for a group of channels at up to SCAN_POSITIONS positions. The arguments
 * stand in `selective-scan.ts`.
 */

/** Bytes of a row of channels in scratch memory. */
export const ROW_BYTES: usize = SCAN_CHANNELS * 4
/** Bytes of such a row for each position. */
export const GROUP_BYTES: usize = SCAN_POSITIONS * ROW_BYTES

/** Step sizes Δ, and inputs Δ u, of a group of channels. */
export function loadGroup(
  args: usize,
  position: i32,
  size: i32,
  channel: i32,
  channels: i32,
  steps: usize,
  inputs: usize,
): void {
  const at: usize = channel << 2
  const bias = pointer(args, 4)
  for (let t = 0; t < size; t++) {
    const row = t * ROW_BYTES
    const u = pointer(args, 0) + (position + t) * pointer(args, 1) + at
    let delta = pointer(args, 2) + (position + t) * pointer(args, 3) + at
    if (bias != 0) {
      add(delta, bias + at, steps + row, channels)
      delta = steps + row
    }
    softplus(delta, steps + row, channels)
    mul(steps + row, u, inputs + row, channels)
  }
}

/** y = (outputs + D u) · silu(z) */
export function storeGroup(
  args: usize,
  position: i32,
  size: i32,
  channel: i32,
  channels: i32,
  outputs: usize,
): void {
  const at: usize = channel << 2
  const D = pointer(args, 10) + at
  for (let t = 0; t < size; t++) {
    const u = pointer(args, 0) + (position + t) * pointer(args, 1) + at
    const z = pointer(args, 11) + (position + t) * pointer(args, 12) + at
    const y = pointer(args, 14) + (((position + t) * int(args, 16)) << 2) + at
    if (pointer(args, 11) == 0) {
      multiplyAdd(D, u, outputs, y, channels)
    } else {
      multiplyAdd(D, u, outputs, outputs, channels)
      siluTimes(z, outputs, y, channels)
    }
    outputs += ROW_BYTES
  }
}
