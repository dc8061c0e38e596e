import { CHUNK } from '../../../src/kernels'
import { storeLanes } from '../../math/lanes'
import { madd } from '../../math/madd'
import { int, pointer, scratch } from '../../runtime/control'
import { advance } from '../state-space/advance'
import { decays } from '../state-space/decay'
import { outputs } from '../state-space/outputs'
import { PANEL_BYTES } from '../state-space/panel'
import {
  flushState,
  isFlushDue,
  loadRow,
  loadState,
  statePanelBytes,
  storeState,
} from '../state-space/panels'
import { CHUNK_BYTES, groupRow, skips, stepSizes } from './arguments'

/** Bytes of a panel of a chunk's inputs. */
const X_BYTES: usize = CHUNK * PANEL_BYTES

/**
 * Mamba-2's block form (Dao & Gu 2024, section 6), for long calls: within a chunk Y = (L ∘ C Bᵀ) Δ X and what the state
 * before it adds, by matrix products; from chunk to chunk the state. A tile is a head of a sequence; the arguments
 * stand in `arguments.ts`.
 *
 * Scratch, for `panels` of eight channels: 2 · `CHUNK_BYTES`; the decays, (CHUNK + 1, CHUNK); the weights, (CHUNK,
 * CHUNK); then of each panel inputs, weighted inputs and outputs, (CHUNK, 8), and the state, (dState, 8).
 */
export function ssdBlocks(args: usize, tile: i32, thread: i32): void {
  const length = int(args, 16)
  const nHeads = int(args, 17)
  const headDim = int(args, 18)
  const dState = int(args, 20)
  const head = tile % nHeads
  const sequence = tile / nHeads
  const panels = (headDim + 7) >> 3
  const work = scratch(thread)
  const h = work + WEIGHTED + (1 + 2 * panels) * X_BYTES
  const state = pointer(args, 14) + ((tile * headDim * dState) << 2)
  loadState(state, headDim, dState, h)
  const first = sequence * length
  const end = first + length
  for (let row = first; row < end; row += CHUNK) {
    const size = min(end - row, CHUNK)
    prepare(args, head, row, sequence, size, work)
    multiply(args, head, row, size, work, h)
    finish(args, head, row, size, work)
    if (isFlushDue((row - first) / CHUNK) || row + size == end) flushState(h, headDim, dState)
  }
  storeState(h, headDim, dState, state)
}

/** Where things lie in scratch memory, from its start. */
const STEPS: usize = 0
const EXPONENTS: usize = STEPS + CHUNK_BYTES
const DECAYS: usize = EXPONENTS + CHUNK_BYTES
const WEIGHTS: usize = DECAYS + (CHUNK + 1) * CHUNK_BYTES
const WEIGHTED: usize = WEIGHTS + CHUNK * CHUNK_BYTES
const X: usize = WEIGHTED + X_BYTES

/** Step sizes, decays, the weights L ∘ C Bᵀ Δ, and the inputs in panels. */
function prepare(args: usize, head: i32, row: i32, sequence: i32, size: i32, work: usize): void {
  stepSizes(args, head, row, size, work + STEPS, work + EXPONENTS)
  decays(work + EXPONENTS, size, CHUNK, work + DECAYS)
  const length = int(args, 16)
  const nGroups = int(args, 19)
  const chunks = (length + CHUNK - 1) / CHUNK
  const chunk = sequence * chunks + (row - sequence * length) / CHUNK
  const group = head / (int(args, 17) / nGroups)
  const scores = pointer(args, 21) + (chunk * nGroups + group) * CHUNK * CHUNK_BYTES
  const L = work + DECAYS + CHUNK_BYTES
  for (let t = 0; t < size; t++) {
    for (let at: usize = 0; at < CHUNK_BYTES; at += 16) {
      const cell = t * CHUNK_BYTES + at
      const weight = f32x4.mul(v128.load(L + cell), v128.load(scores + cell))
      v128.store(work + WEIGHTS + cell, f32x4.mul(weight, v128.load(work + STEPS + at)))
    }
  }
  const headDim = int(args, 18)
  const x = pointer(args, 0) + row * pointer(args, 1) + ((head * headDim) << 2)
  for (let t = 0; t < size; t++) loadRow(x + t * pointer(args, 1), headDim, work + X, t, CHUNK)
}

/** The chunk's outputs, in panels, and the state after it. */
function multiply(args: usize, head: i32, row: i32, size: i32, work: usize, h: usize): void {
  const dState = int(args, 20)
  const panels = (int(args, 18) + 7) >> 3
  const B = groupRow(args, 8, head, row)
  const C = groupRow(args, 10, head, row)
  const left = load<f32>(work + DECAYS + ((size - 1) << 2))
  const toEnd = work + DECAYS + size * CHUNK_BYTES
  let x = work + X
  for (let panel = 0; panel < panels; panel++) {
    const y = x + panels * X_BYTES
    for (let t = 0; t < size; t += 4) {
      outputs(
        C,
        pointer(args, 11),
        dState,
        h,
        work + DECAYS,
        work + WEIGHTS,
        CHUNK_BYTES,
        min(t + 4, size),
        x,
        t,
        size,
        y,
        PANEL_BYTES,
      )
    }
    for (let s = 0; s < size; s++) {
      const weight = f32x4.splat(load<f32>(toEnd + (s << 2)) * load<f32>(work + STEPS + (s << 2)))
      const from = x + s * PANEL_BYTES
      const to = work + WEIGHTED + s * PANEL_BYTES
      v128.store(to, f32x4.mul(weight, v128.load(from)))
      v128.store(to, f32x4.mul(weight, v128.load(from, 16)), 16)
    }
    for (let n = 0; n < dState; n += 4) {
      advance(B, pointer(args, 9), n, dState, left, work + WEIGHTED, size, h)
    }
    x += X_BYTES
    h += statePanelBytes(dState)
  }
}

/** y = outputs + D x */
function finish(args: usize, head: i32, row: i32, size: i32, work: usize): void {
  const headDim = int(args, 18)
  const panels = (headDim + 7) >> 3
  for (let p = 0; p < headDim; p += 4) {
    const D = skips(args, head, p)
    let x = work + X + (p >> 3) * X_BYTES + ((p & 4) << 2)
    for (let t = 0; t < size; t++) {
      const y = pointer(args, 15) + ((((row + t) * int(args, 17) + head) * headDim + p) << 2)
      storeLanes(y, madd(D, v128.load(x), v128.load(x + panels * X_BYTES)), headDim - p)
      x += PANEL_BYTES
    }
  }
}
