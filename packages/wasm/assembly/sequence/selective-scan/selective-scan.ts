import { SCAN_CHANNELS, SCAN_POSITIONS } from '../../../src/kernels'
import { int, pointer, scratch } from '../../runtime/control'
import { flush, fromLanes, toLanes } from '../state-space/state'
import { GROUP_BYTES, loadGroup, ROW_BYTES, storeGroup } from './group'
import { scanBlock } from './scan-block'
import { scanRow } from './scan-row'

/*
 * Mamba's selective scan with all that surrounds it: Δ = softplus(delta + deltaBias), hₜ = exp(Δₜ A) hₜ₋₁ + Δₜ Bₜ uₜ,
 * yₜ = (Cₜ hₜ + D uₜ) · silu(zₜ). A tile is a range of channels of one sequence.
 *
 *   0 u          (batch, length, dInner), f32
 *   1 uStride    bytes from one position to the next
 *   2 delta      as u
 *   3 deltaStride
 *   4 deltaBias  (dInner), f32, or 0
 *   5 A          (dInner, dState), f32, < 0
 *   6 B          (batch, length, dState), f32
 *   7 bStride
 *   8 C          as B
 *   9 cStride
 *  10 D          (dInner), f32
 *  11 z          as u, or 0
 *  12 zStride
 *  13 state      (batch, dInner, dState), f32; overwritten
 *  14 y          (batch, length, dInner), f32, without gaps
 *  15 length
 *  16 dInner
 *  17 dState
 *  18 channelsPerTile  a multiple of SCAN_CHANNELS
 *
 * Scratch, in float32: 3 · SCAN_POSITIONS · SCAN_CHANNELS, and 2 · SCAN_CHANNELS · dState.
 */
export function selectiveScan(args: usize, tile: i32, thread: i32): void {
  const dInner = int(args, 16)
  const tilesPerSequence = (dInner + int(args, 18) - 1) / int(args, 18)
  const sequence = tile / tilesPerSequence
  const first = (tile % tilesPerSequence) * int(args, 18)
  const last = min(first + int(args, 18), dInner)
  for (let channel = first; channel < last; channel += SCAN_CHANNELS) {
    const channels = min(last - channel, SCAN_CHANNELS)
    if (int(args, 15) < BLOCK_LENGTH) scanShort(args, sequence, channel, channels, scratch(thread))
    else scanLong(args, sequence, channel, channels, scratch(thread))
  }
}

/** From so many positions on, it pays to bring A and the state into the order that `scanBlock` wants. */
const BLOCK_LENGTH: i32 = 4

/** A group of channels at fewer than `BLOCK_LENGTH` positions. */
function scanShort(args: usize, sequence: i32, channel: i32, channels: i32, steps: usize): void {
  const length = int(args, 15)
  const dState = int(args, 17)
  const inputs = steps + GROUP_BYTES
  const outputs = inputs + GROUP_BYTES
  const position = sequence * length
  const rowBytes: usize = dState << 2
  const A = pointer(args, 5) + channel * rowBytes
  const state = pointer(args, 13) + (sequence * int(args, 16) + channel) * rowBytes
  loadGroup(args, position, length, channel, channels, steps, inputs)
  for (let t = 0; t < length; t++) {
    const B = pointer(args, 6) + (position + t) * pointer(args, 7)
    const C = pointer(args, 8) + (position + t) * pointer(args, 9)
    const row = t * ROW_BYTES
    scanRow(steps + row, inputs + row, A, B, C, state, outputs + row, channels, dState)
  }
  storeGroup(args, position, length, channel, channels, outputs)
}

/** A group of channels at many positions. */
function scanLong(args: usize, sequence: i32, channel: i32, channels: i32, steps: usize): void {
  const length = int(args, 15)
  const dState = int(args, 17)
  const inputs = steps + GROUP_BYTES
  const outputs = inputs + GROUP_BYTES
  const A = outputs + GROUP_BYTES
  const h = A + ((SCAN_CHANNELS * dState) << 2)
  const rowBytes: usize = dState << 2
  const state = pointer(args, 13) + (sequence * int(args, 16) + channel) * rowBytes
  for (let c = 0; c < channels; c += 4) {
    const at = c * rowBytes
    const count = min(channels - c, 4)
    toLanes(pointer(args, 5) + channel * rowBytes + at, rowBytes, count, dState, A + at, 16)
    toLanes(state + at, rowBytes, count, dState, h + at, 16)
  }
  const end = (sequence + 1) * length
  for (let position = sequence * length; position < end; position += SCAN_POSITIONS) {
    const size = min(end - position, SCAN_POSITIONS)
    const B = pointer(args, 6) + position * pointer(args, 7)
    const C = pointer(args, 8) + position * pointer(args, 9)
    loadGroup(args, position, size, channel, channels, steps, inputs)
    for (let c = 0; c < channels; c += 4) {
      const at: usize = c << 2
      const row = c * rowBytes
      scanBlock(
        steps + at,
        inputs + at,
        ROW_BYTES,
        A + row,
        B,
        pointer(args, 7),
        C,
        pointer(args, 9),
        h + row,
        outputs + at,
        size,
        dState,
      )
    }
    storeGroup(args, position, size, channel, channels, outputs)
    flush(h, ((channels + 3) >> 2) * dState)
  }
  for (let c = 0; c < channels; c += 4) {
    const at = c * rowBytes
    fromLanes(h + at, 16, state + at, rowBytes, min(channels - c, 4), dState)
  }
}
