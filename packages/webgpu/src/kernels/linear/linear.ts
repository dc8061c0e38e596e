import type { LinearNode } from '../../ops/node.ts'
import type { Planner } from '../../planner.ts'
import { planFewRows } from './few-rows.ts'
import { planManyRows } from './many-rows.ts'
import { fitsMatrixUnits, planMatrixUnits } from './matrix-units.ts'

/** Rows up to which reading the weights takes longer than computing. */
const MAX_ROWS_IN_BLOCKS = 32
/** Rows, columns of x and outputs from which on it pays to pack them for matrix units. */
const MIN_ROWS_OF_UNITS = 512
const MIN_COLUMNS_OF_UNITS = 256
const MIN_OUTPUTS_OF_UNITS = 256

/** `Ops.linear`. */
export function planLinear(planner: Planner, node: LinearNode): void {
  if (node.x.rowCount <= MAX_ROWS_IN_BLOCKS) {
    planFewRows(planner, node)
  } else if (planner.capabilities.matrixUnits && suitsMatrixUnits(node) && fitsMatrixUnits(planner, node)) {
    planMatrixUnits(planner, node)
  } else {
    planManyRows(planner, node)
  }
}

/** Weights that one float16 holds: of two, their products are less exact than float32's and hardly faster. */
function suitsMatrixUnits({ x, weight }: LinearNode): boolean {
  return (
    (weight.dtype === 'f16' || weight.dtype === 'bf16') &&
    x.rowCount >= MIN_ROWS_OF_UNITS &&
    x.columnCount >= MIN_COLUMNS_OF_UNITS &&
    weight.rowCount >= MIN_OUTPUTS_OF_UNITS
  )
}
