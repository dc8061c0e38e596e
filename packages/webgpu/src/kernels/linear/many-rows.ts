import type { LinearNode } from '../../ops/node.ts'
import type { Planner } from '../../planner.ts'
import type { Kernel } from '../../queue/kernel.ts'
import { perVariant } from '../per-variant.ts'
import { viewWords } from '../views.ts'
import { K_TILES, type ManyRowsVariant, manyRowsWgsl } from './many-rows.wgsl.ts'
import { type Division, divisionOf, splitSums, tileSizes } from './tiles.ts'
import {
  inWholeVectors,
  isAligned,
  isWide,
  isWideOutput,
  weightBytes,
  weightDType,
  weightWords,
} from './weights.ts'

/** y = x Wᵀ + b for many rows, in float32. */
export function planManyRows(planner: Planner, node: LinearNode, forced: Partial<Division> = {}): void {
  const { x, weight, bias } = node
  const rows = x.rowCount
  const [dOut, dIn] = weight.shape as [number, number]
  if (rows === 0 || dOut === 0) return
  const { tile, splits } = { ...divisionOf(node), ...forced }
  const { sums, finish } = splitSums(planner, node, splits)
  for (const part of planner.parts(weight)) {
    const variant: ManyRowsVariant = {
      dtype: weightDType(weight),
      tile,
      isWideWeight: isWide(weight, 4),
      isWideInput: isAligned(x, 4),
      isWideOutput: isWideOutput(weight, part),
      hasBias: bias !== undefined && splits === 1,
    }
    planner.dispatch({
      kernel: kernelOf(variant),
      bindings: [
        inWholeVectors(part),
        inWholeVectors(planner.binding(x)),
        planner.binding(bias ?? x),
        inWholeVectors(sums),
      ],
      params: [
        rows,
        dIn,
        part.rows,
        ...viewWords(x),
        ...weightWords(weight, part),
        part.firstRow,
        dOut,
        Math.ceil(dIn / splits / K_TILES[tile]) * K_TILES[tile],
      ],
      workgroups: [Math.ceil(part.rows / tileSizes[tile]), Math.ceil(rows / tileSizes[tile]), splits],
      bytes: weightBytes(weight, part.rows) + 4 * rows * (dIn + part.rows),
    })
  }
  finish()
}

const kernelOf = perVariant(
  (variant: ManyRowsVariant): Kernel => ({
    label: `linear ${variant.dtype}, ${variant.tile} tiles`,
    code: manyRowsWgsl(variant),
    access: ['read', 'read', 'read', 'write'],
  }),
)
