import type { PositionsNode } from '../../ops/node.ts'
import type { Planner } from '../../planner.ts'
import { copyRows } from '../copy/copy.ts'

/** `Ops.positions`. */
export function planPositions(planner: Planner, { x, start, end, y }: PositionsNode): void {
  copyRows(planner, x, y, { rows: x.shape[1]!, first: start, taken: end - start })
}
