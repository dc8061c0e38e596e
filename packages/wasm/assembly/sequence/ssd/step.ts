import { CHUNK } from '../../../src/kernels'
import { expOfMinus } from '../../math/activate'
import { loadLanes, storeLanes } from '../../math/lanes'
import { madd } from '../../math/madd'
import { int, pointer, scratch } from '../../runtime/control'
import { updateChannels } from '../state-space/update-channels'
import { CHUNK_BYTES, groupRow, skips, stepSizes } from './arguments'

/**
 * Mamba-2's recurrence, position after position, for short calls: hₜ = exp(Δₜ A) hₜ₋₁ + Δₜ xₜ Bₜᵀ, yₜ = hₜ Cₜ + D xₜ.
 * A tile is a head of a sequence; the arguments stand in `arguments.ts`. Scratch: 2 · `CHUNK_BYTES`, 16
 * bytes, and the buffer of `updateChannels` with one term.
 */
export function ssdStep(args: usize, tile: i32, thread: i32): void {
  const length = int(args, 16)
  const nHeads = int(args, 17)
  const head = tile % nHeads
  const end = (tile / nHeads + 1) * length
  const steps = scratch(thread)
  const decays = steps + CHUNK_BYTES
  for (let row = end - length; row < end; row += CHUNK) {
    const size = min(end - row, CHUNK)
    stepSizes(args, head, row, size, steps, decays)
    expOfMinus(decays, decays, size)
    for (let t = 0; t < size; t++) {
      const at: usize = t << 2
      stepHead(args, tile, row + t, load<f32>(steps + at), load<f32>(decays + at), decays + CHUNK_BYTES)
    }
  }
}

/** @param coefficients scratch memory: 16 bytes, and the buffer of `updateChannels` */
function stepHead(args: usize, tile: i32, row: i32, step: f32, decay: f32, coefficients: usize): void {
  const nHeads = int(args, 17)
  const headDim = int(args, 18)
  const dState = int(args, 20)
  const head = tile % nHeads
  const x = pointer(args, 0) + row * pointer(args, 1) + ((head * headDim) << 2)
  const y = pointer(args, 15) + (((row * nHeads + head) * headDim) << 2)
  const B = groupRow(args, 8, head, row)
  const C = groupRow(args, 10, head, row)
  const h = pointer(args, 14) + ((tile * headDim * dState) << 2)
  for (let p = 0; p < headDim; p += 4) {
    const channels = headDim - p
    const inputs = loadLanes(x + (p << 2), channels)
    v128.store(coefficients, f32x4.mul(f32x4.splat(step), inputs))
    for (let c = channels; c < 4; c++) {
      store<f32>(coefficients + (c << 2), load<f32>(coefficients + ((channels - 1) << 2)))
    }
    const state = h + ((p * dState) << 2)
    const sums = updateChannels(
      state,
      min(channels, 4),
      decay,
      1,
      coefficients,
      B,
      0,
      C,
      dState,
      coefficients + 16,
    )
    storeLanes(y + (p << 2), madd(skips(args, head, p), inputs, sums), channels)
  }
}
