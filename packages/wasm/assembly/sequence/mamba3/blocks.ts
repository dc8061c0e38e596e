import { mul } from '../../elementwise/arithmetic'
import { madd } from '../../math/madd'
import { int, pointer } from '../../runtime/control'
import { decays } from '../state-space/decay'
import { flushState, isFlushDue, loadRow, loadState, storeState } from '../state-space/panels'
import { coefficients, loadAngles, storeAngles } from './coefficients'
import { Frame, makeFrame, rowCapacity } from './frame'
import { addOutput, mimoRow } from './output'
import { advancePanel, multiply } from './products'
import { keyState, remember } from './remember'
import { rotatedRows } from './rotate'
import { makeWeights } from './weights'

/**
 * Mamba-3's block form (Lahoti et al. 2026, arXiv:2603.15569), for long calls: matrix products within a chunk, the state
 * from chunk to chunk. A position's share (1 − λ) Δ that waits for the next step is in its weight already, the next step
 * being known; only that of the call before has to be added to the state first. The arguments stand in `frame.ts`.
 */
export function mamba3Blocks(args: usize, tile: i32, thread: i32): void {
  const frame = makeFrame(args, thread)
  const length = int(args, 31)
  const rank = int(args, 32)
  const nHeads = int(args, 33)
  const chunk = int(args, 38)
  const headDim = int(args, 34)
  const dState = int(args, 36)
  const head = tile % nHeads
  const first = (tile / nHeads) * length
  const end = first + length
  const state = pointer(args, 27) + ((tile * headDim * dState) << 2)
  loadState(state, headDim, dState, frame.h)
  loadAngles(args, frame, tile)
  for (let row = first; row < end; row += chunk) {
    const size = min(end - row, chunk)
    coefficients(args, frame, head, row, min(end - row, chunk + 1))
    if (row == first) addPending(args, frame, tile)
    for (let t = 0; t < size; t++) {
      rotatedRows(args, frame, head, row + t, t)
      const x = pointer(args, 0) + (row + t) * pointer(args, 1) + ((head * headDim) << 2)
      loadInputs(args, frame, head, x, t * rank)
    }
    decays(frame.exponents, size, (chunk + 3) & ~3, frame.decays)
    makeWeights(args, frame, size, row + size == end)
    multiply(args, frame, size * rank)
    for (let i = 0; i < size * rank; i++) {
      readPanels(args, frame, head, i)
      addOutput(args, frame, head, row + i / rank, i % rank)
    }
    if (isFlushDue((row - first) / chunk) || row + size == end) flushState(frame.h, headDim, dState)
    if (row + size == end) remember(args, frame, tile, end - 1, size - 1)
  }
  storeState(frame.h, headDim, dState, state)
  storeAngles(args, frame, tile)
}

/** The inputs v ⊙ mimoX of every rank of a head, as rows `row` on of the panels. */
function loadInputs(args: usize, frame: Frame, head: i32, v: usize, row: i32): void {
  const headDim = int(args, 34)
  const mimoX = pointer(args, 21)
  for (let r = 0; r < int(args, 32); r++) {
    let from = v
    if (mimoX != 0) {
      mul(v, mimoX + mimoRow(args, head, r), frame.row, headDim)
      from = frame.row
    }
    loadRow(from, headDim, frame.x, row + r, rowCapacity(args))
  }
}

/** h ← h + (1 − λ) Δ Σᵣ vʳ (kʳ)ᵀ, with v and k of the position before the call, and the first step of the call. */
function addPending(args: usize, frame: Frame, tile: i32): void {
  const headDim = int(args, 34)
  const rank = int(args, 32)
  const nHeads = int(args, 33)
  loadInputs(args, frame, tile % nHeads, pointer(args, 29) + ((tile * headDim) << 2), 0)
  for (let r = 0; r < rank; r++) store<f32>(frame.rowDecays + (r << 2), load<f32>(frame.shares))
  const stride: usize = (nHeads * int(args, 36)) << 2
  for (let panel = 0; panel < (headDim + 7) >> 3; panel++) {
    advancePanel(args, frame, panel, keyState(args, tile, 0), stride, 1, rank, frame.rowDecays)
  }
}

/** frame.row = row `i` of the outputs + D v */
function readPanels(args: usize, frame: Frame, head: i32, i: i32): void {
  const D = v128.load32_splat(pointer(args, 19) + (head << 2))
  const panelBytes: usize = rowCapacity(args) << 5
  let x = frame.x + (i << 5)
  let y = frame.y + (i << 5)
  for (let p = 0; p < int(args, 34); p += 8) {
    v128.store(frame.row + (p << 2), madd(D, v128.load(x), v128.load(y)))
    v128.store(frame.row + (p << 2), madd(D, v128.load(x, 16), v128.load(y, 16)), 16)
    x += panelBytes
    y += panelBytes
  }
}
