import { expOfMinus } from '../../math/activate'
import { copyLanes } from '../../math/lanes'
import { int, pointer } from '../../runtime/control'
import { scoreRow } from '../state-space/score-row'
import { updateChannels } from '../state-space/update-channels'
import { coefficients, loadAngles, storeAngles } from './coefficients'
import { Frame, keyBytes, makeFrame } from './frame'
import { addOutput, mimoRow } from './output'
import { keyState, remember } from './remember'
import { rotatedRows } from './rotate'

/**
 * Mamba-3's recurrence, position after position, for short calls:
 * hₜ = α hₜ₋₁ + Σᵣ (β vʳₜ₋₁ (kʳₜ₋₁)ᵀ + γ vʳₜ (kʳₜ)ᵀ), yʳₜ = hₜ qʳₜ + D vʳₜ. The arguments stand in `frame.ts`.
 */
export function mamba3Step(args: usize, tile: i32, thread: i32): void {
  const frame = makeFrame(args, thread)
  const length = int(args, 31)
  const rank = int(args, 32)
  const nHeads = int(args, 33)
  const dState = int(args, 36)
  const head = tile % nHeads
  const end = (tile / nHeads + 1) * length
  const h = pointer(args, 27) + ((tile * int(args, 34) * dState) << 2)
  loadAngles(args, frame, tile)
  for (let row = end - length; row < end; row++) {
    coefficients(args, frame, head, row, 1)
    rotatedRows(args, frame, head, row, 0)
    for (let r = 0; r < rank; r++) {
      copyLanes(keyState(args, tile, r), frame.k + (rank + r) * keyBytes(args), dState)
    }
    expOfMinus(frame.exponents, frame.decays, 1)
    update(args, frame, tile, row, h)
    for (let r = 0; r < rank; r++) {
      // The first rank's were read along with the update.
      if (r > 0) scoreRow(frame.q + r * keyBytes(args), h, dState << 2, int(args, 34), dState, frame.row)
      addSkip(args, frame, head, row, r)
      addOutput(args, frame, head, row, r)
    }
    remember(args, frame, tile, row, 0)
  }
  storeAngles(args, frame, tile)
}

/** Brings the state to the position at `row` of (batch · length); frame.row becomes h q⁰. */
function update(args: usize, frame: Frame, tile: i32, row: i32, h: usize): void {
  const rank = int(args, 32)
  const headDim = int(args, 34)
  const dState = int(args, 36)
  const head = tile % int(args, 33)
  const x = pointer(args, 0) + row * pointer(args, 1) + ((head * headDim) << 2)
  const v = pointer(args, 29) + ((tile * headDim) << 2)
  const decay = load<f32>(frame.decays)
  const own = load<f32>(frame.own)
  const pending = decay * load<f32>(frame.shares)
  for (let p = 0; p < headDim; p += 4) {
    for (let c = 0; c < 4; c++) {
      const channel: usize = min(p + c, headDim - 1) << 2
      for (let r = 0; r < rank; r++) {
        const weight = mimoWeight(args, head, r, channel)
        const at = frame.coefficients + (((r << 2) + c) << 2)
        store<f32>(at, own * weight * load<f32>(x + channel))
        store<f32>(at + (rank << 4), pending * weight * load<f32>(v + channel))
      }
    }
    const sums = updateChannels(
      h + ((p * dState) << 2),
      min(headDim - p, 4),
      decay,
      2 * rank,
      frame.coefficients,
      frame.k,
      keyBytes(args),
      frame.q,
      dState,
      frame.h,
    )
    v128.store(frame.row + (p << 2), sums)
  }
}

/** frame.row += D vʳ */
function addSkip(args: usize, frame: Frame, head: i32, row: i32, r: i32): void {
  const headDim = int(args, 34)
  const x = pointer(args, 0) + row * pointer(args, 1) + ((head * headDim) << 2)
  const D = load<f32>(pointer(args, 19) + (head << 2))
  for (let channel: usize = 0; channel < (<usize>headDim) << 2; channel += 4) {
    const skip = D * mimoWeight(args, head, r, channel) * load<f32>(x + channel)
    store<f32>(frame.row + channel, load<f32>(frame.row + channel) + skip)
  }
}

/** mimoX of a rank of a head's channel, whose distance from the head's first is given in bytes; 1 without MIMO. */
// @ts-ignore: decorator
@inline
function mimoWeight(args: usize, head: i32, r: i32, channel: usize): f32 {
  const mimoX = pointer(args, 21)
  return mimoX == 0 ? 1 : load<f32>(mimoX + mimoRow(args, head, r) + channel)
}
