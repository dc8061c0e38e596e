import type { LinearNode } from '../../ops/node.ts'
import type { Planner } from '../../planner.ts'
import { planFewRows } from './few-rows.ts'
import { planManyRows } from './many-rows.ts'
import { fitsMatrixUnits, planMatrixUnits } from './matrix-units.ts'

/** Rows up to which reading the weights takes longer than computing. */
const MAX_ROWS_IN_BLOCKS = 32
/** Rows, and columns of x, from which on it pays to pack them for matrix units. */
const MIN_ROWS_OF_UNITS = 64
const MIN_COLUMNS_OF_UNITS = 32

/** `Ops.linear`. */
export function planLinear(planner: Planner, node: LinearNode): void {
  const { rowCount, columnCount } = node.x
  if (rowCount <= MAX_ROWS_IN_BLOCKS) {
    planFewRows(planner, node)
  } else if (
    planner.capabilities.matrixUnits &&
    rowCount >= MIN_ROWS_OF_UNITS &&
    columnCount >= MIN_COLUMNS_OF_UNITS &&
    fitsMatrixUnits(planner, node)
  ) {
    planMatrixUnits(planner, node)
  } else {
    planManyRows(planner, node)
  }
}
