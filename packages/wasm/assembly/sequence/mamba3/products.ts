import { int } from '../../runtime/control'
import { advance } from '../state-space/advance'
import { outputs } from '../state-space/outputs'
import { PANEL_BYTES } from '../state-space/panel'
import { statePanelBytes } from '../state-space/panels'
import { Frame, keyBytes, rowCapacity } from './frame'

/** The chunk's outputs, in panels, and the state after it. */
export function multiply(args: usize, frame: Frame, rows: i32): void {
  const rank = int(args, 32)
  const dState = int(args, 36)
  const capacity = rowCapacity(args)
  const left = load<f32>(frame.rowDecays + ((rows - 1) << 2))
  for (let panel = 0; panel < (int(args, 34) + 7) >> 3; panel++) {
    const at: usize = (panel * capacity) << 5
    for (let row = 0; row < rows; row += 4) {
      const reach = (min(row + 3, rows - 1) / rank + 1) * rank
      outputs(
        frame.q,
        keyBytes(args),
        dState,
        frame.h + panel * statePanelBytes(dState),
        frame.rowDecays,
        frame.weights,
        (<usize>capacity) << 2,
        reach,
        frame.x + at,
        row,
        rows,
        frame.y + at,
        PANEL_BYTES,
      )
    }
    advancePanel(args, frame, panel, frame.k, keyBytes(args), left, rows, frame.coefficients)
  }
}

/** One panel of the state, by inputs times `weights`, one of each row. */
export function advancePanel(
  args: usize,
  frame: Frame,
  panel: i32,
  k: usize,
  kStride: usize,
  decay: f32,
  rows: i32,
  weights: usize,
): void {
  const dState = int(args, 36)
  const x = frame.x + ((panel * rowCapacity(args)) << 5)
  for (let i = 0; i < rows; i++) {
    const weight = v128.load32_splat(weights + (i << 2))
    const at: usize = i << 5
    v128.store(frame.weighted + at, f32x4.mul(weight, v128.load(x + at)))
    v128.store(frame.weighted + at, f32x4.mul(weight, v128.load(x + at, 16)), 16)
  }
  const h = frame.h + panel * statePanelBytes(dState)
  for (let n = 0; n < dState; n += 4) advance(k, kStride, n, dState, decay, frame.weighted, rows, h)
}
