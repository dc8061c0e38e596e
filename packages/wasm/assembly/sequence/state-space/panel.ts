/*
 * The matrix products of the block forms work on panels: eight of a head's channels, which lie side by side in two
 * vectors. Within a chunk of `rows` rows (positions; for Mamba-3 positions × ranks), with the state h before it:
 *
 *   outputs   y[r] = decay[r] Σₙ q[r, n] h[n] + Σ_{s≤r} weights[r, s] x[s]
 *   advance   h[n] ← decay h[n] + Σₛ k[s, n] x[s]
 *
 * In memory: h (dState), x (rows) and y (rows) of 32 bytes each, q and k (rows, dState) with any stride. Both take four
 * rows of their result at a time, in eight vectors: as many multiply-adds are under way as keep the processor busy.
 */

/** Bytes of a panel's row: eight float32. */
export const PANEL_BYTES: usize = 32

/** Address of a row; the last one stands in for those that are missing. */
// @ts-ignore: decorator
@inline
export function rowAddress(start: usize, stride: usize, row: i32, rows: i32): usize {
  return start + min(row, rows - 1) * stride
}
