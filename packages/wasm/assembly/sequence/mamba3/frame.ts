import { int, scratch } from '../../runtime/control'

/*
 * The arguments of Mamba-3's kernels, and where they keep what in scratch memory.
 *
 *   0 x        (batch, length, nHeads · headDim), f32       1 xStride, bytes from one position to the next
 *   2 z        as x                                         3 zStride
 *   4 B        (batch, length, rank · nGroups · dState)     5 bStride
 *   6 C        as B                                         7 cStride
 *   8 dt       (batch, length, nHeads), f32                 9 dtStride
 *  10 dA       as dt                                       11 dAStride
 *  12 trap     as dt                                       13 trapStride
 *  14 angles   (batch, length, nAngles), f32               15 anglesStride
 *  16 dtBias   (nHeads), f32
 *  17 BBias    (nHeads, rank, dState), f32
 *  18 CBias    as BBias
 *  19 D        (nHeads), f32
 *  20 aFloor   f32
 *  21 mimoX    (nHeads, rank, headDim), f32, or 0; with it 22 mimoZ and 23 mimoO
 *  24 norm     (nHeads · headDim), f32, or 0               25 normEps, f32
 *  26 angle    (batch, nHeads, nAngles), f32; overwritten
 *  27 ssm      (batch, nHeads, headDim, dState), f32; overwritten
 *  28 k        (batch, rank, nHeads, dState), f32; overwritten
 *  29 v        (batch, nHeads, headDim), f32; overwritten
 *  30 y        (batch, length, nHeads · headDim), f32, without gaps
 *  31 length
 *  32 rank
 *  33 nHeads
 *  34 headDim
 *  35 nGroups
 *  36 dState
 *  37 nAngles
 *  38 chunk    positions that are taken together; 1 for the recurrence
 *
 * A tile is a head of a sequence. A row is a rank of a position: the rows of a chunk are (chunk, rank).
 */

/** Addresses in a thread's scratch memory. */
@unmanaged
export class Frame {
  /** Δ of the chunk's positions and of the one after it, f32, as those that follow. */
  steps: usize
  /** Δ |A| */
  exponents: usize
  /** λ Δ, the weight of a position for itself. */
  own: usize
  /** (1 − λ) Δ, the share of it that waited for the next position's step. */
  shares: usize
  /** w of a position, its weight for later ones: see `weights.ts`. */
  future: usize
  /** What is left after each position, and from each to each: `decays` gives it. */
  decays: usize
  /** What is left after each row's position. */
  rowDecays: usize
  /** What a row's score is multiplied by; for the recurrence, (2 · rank, 4). */
  coefficients: usize
  /** (rows, rows rounded up to a multiple of 4): scores, then weights. */
  weights: usize
  /** Rotated queries, (rows, dState rounded up to a multiple of 4). */
  q: usize
  /** Rotated keys, likewise; the recurrence keeps those of the position before behind them. */
  k: usize
  /** The running angles, f64; the others f32. */
  angles: usize
  rates: usize
  cosines: usize
  sines: usize
  /** The row at hand, and its gate: (headDim) each. */
  row: usize
  gate: usize
  /** Inputs v ⊙ mimoX of the rows, and outputs: panels of (rows rounded up, 8). */
  x: usize
  y: usize
  /** The inputs of one panel, weighted. */
  weighted: usize
  /** The state in panels. */
  h: usize
}

/** Rows of a chunk, rounded up to a multiple of 4. */
// @ts-ignore: decorator
@inline
export function rowCapacity(args: usize): i32 {
  return (int(args, 38) * int(args, 32) + 3) & ~3
}

/** Bytes of a row of queries or keys. */
// @ts-ignore: decorator
@inline
export function keyBytes(args: usize): usize {
  return ((int(args, 36) + 3) & ~3) << 2
}

/** Lays a thread's scratch memory out; `scratchBytes` of the host's `mamba3-scan.ts` has to reserve as much. */
export function makeFrame(args: usize, thread: i32): Frame {
  const start = scratch(thread)
  const frame = changetype<Frame>(start)
  const rows: usize = rowCapacity(args)
  const positions: usize = ((int(args, 38) + 4) & ~3) << 2
  const angles: usize = ((int(args, 37) + 3) & ~3) << 2
  const panels: usize = (int(args, 34) + 7) >> 3
  const panelBytes = rows << 5
  frame.steps = start + 128
  frame.exponents = frame.steps + positions
  frame.own = frame.exponents + positions
  frame.shares = frame.own + positions
  frame.future = frame.shares + positions
  frame.decays = frame.future + positions
  frame.rowDecays = frame.decays + (int(args, 38) + 1) * positions
  frame.coefficients = frame.rowDecays + (rows << 2)
  frame.weights = frame.coefficients + ((<usize>max(rowCapacity(args), 8 * int(args, 32))) << 2)
  frame.q = frame.weights + rows * (rows << 2)
  frame.k = frame.q + rows * keyBytes(args)
  frame.angles = frame.k + (rows + int(args, 32)) * keyBytes(args)
  frame.rates = frame.angles + 2 * angles
  frame.cosines = frame.rates + angles
  frame.sines = frame.cosines + angles
  frame.row = frame.sines + angles
  frame.gate = frame.row + (panels << 5)
  frame.x = frame.gate + (panels << 5)
  frame.y = frame.x + panels * panelBytes
  frame.weighted = frame.y + panels * panelBytes
  frame.h = frame.weighted + panelBytes
  return frame
}
