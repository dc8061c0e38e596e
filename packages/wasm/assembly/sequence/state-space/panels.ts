import { loadLanes } from '../../math/lanes'
import { PANEL_BYTES } from './panel'
import { flush, fromLanes, toLanes } from './state'

/*
 * A head's state (headDim, dState) in scratch memory, as panels of eight channels: (panels, dState, 8), with zeros for
 * the channels that are missing in the last one, and room for dState rounded up to a multiple of 4.
 */

/** Bytes of a panel of the state. */
// @ts-ignore: decorator
@inline
export function statePanelBytes(dState: i32): usize {
  return <usize>((dState + 3) & ~3) * PANEL_BYTES
}

export function loadState(state: usize, headDim: i32, dState: i32, panels: usize): void {
  const rowBytes: usize = dState << 2
  const panelBytes = statePanelBytes(dState)
  for (let p = 0; p < headDim; p += 8) {
    toLanes(state + p * rowBytes, rowBytes, min(headDim - p, 4), dState, panels, PANEL_BYTES)
    toLanes(
      state + (p + 4) * rowBytes,
      rowBytes,
      max(min(headDim - p - 4, 4), 0),
      dState,
      panels + 16,
      PANEL_BYTES,
    )
    panels += panelBytes
  }
}

/** The reverse of {@link loadState}. */
export function storeState(panels: usize, headDim: i32, dState: i32, state: usize): void {
  const rowBytes: usize = dState << 2
  const panelBytes = statePanelBytes(dState)
  for (let p = 0; p < headDim; p += 8) {
    fromLanes(panels, PANEL_BYTES, state + p * rowBytes, rowBytes, min(headDim - p, 4), dState)
    if (headDim - p > 4) {
      fromLanes(
        panels + 16,
        PANEL_BYTES,
        state + (p + 4) * rowBytes,
        rowBytes,
        min(headDim - p - 4, 4),
        dState,
      )
    }
    panels += panelBytes
  }
}

/** Sets what is too small to matter to 0: see `flushed`. */
export function flushState(panels: usize, headDim: i32, dState: i32): void {
  flush(panels, (((headDim + 7) >> 3) * statePanelBytes(dState)) >> 4)
}

/** Whether {@link flushState} is due after chunk `chunk` of a call; at its end it always is. Seldom enough to cost nothing. */
// @ts-ignore: decorator
@inline
export function isFlushDue(chunk: i32): bool {
  return (chunk & 63) == 63
}

/** Copies a row of `headDim` float32 to row `row` of panels of `rows` rows each, padded with zeros. */
export function loadRow(from: usize, headDim: i32, panels: usize, row: i32, rows: i32): void {
  panels += row * PANEL_BYTES
  for (let p = 0; p < headDim; p += 8) {
    v128.store(panels, loadLanes(from + (p << 2), headDim - p))
    v128.store(panels, loadLanes(from + (p << 2) + 16, headDim - p - 4), 16)
    panels += rows * PANEL_BYTES
  }
}
