import type { Tensor } from '@mamba/core'
import type { Binding } from '../../memory/allocation.ts'
import type { LinearNode } from '../../ops/node.ts'
import type { Planner } from '../../planner.ts'
import type { Kernel } from '../../queue/kernel.ts'
import { perVariant } from '../per-variant.ts'
import { workgroupsFor } from '../views.ts'
import { type MatrixUnitsVariant, matrixUnitsWgsl } from './matrix-units.wgsl.ts'
import { type PackVariant, packWgsl } from './pack.wgsl.ts'
import { type Division, divisionOf, splitSums, tileSizes } from './tiles.ts'
import {
  inWholeVectors,
  isWide,
  isWideOutput,
  type WeightDType,
  weightBytes,
  weightDType,
  weightWords,
} from './weights.ts'

/** Bytes of a tile of 16 · 16 float16. */
const TILE_BYTES = 512

/** How many float16 hold an element of a matrix, and whether its rows must be scaled for them. */
const packings: Readonly<Record<WeightDType, Pick<PackVariant, 'parts' | 'isScaled'>>> = {
  f16: { parts: 1, isScaled: false },
  bf16: { parts: 1, isScaled: true },
  f32: { parts: 2, isScaled: true },
  q8_0: { parts: 2, isScaled: true },
  q4_0: { parts: 2, isScaled: true },
}

/** What is free to choose: how fast, not what; and for tests, another implementation of the units. */
export interface MatrixUnitsOptions extends Partial<Division> {
  readonly operations?: string
}

/**
 * y = x Wᵀ + b on units that multiply matrices of float16 and add in float32. So that nothing of float32 is lost but some
 * last bits, x, and W where float16 does not hold it, are sums of two float16 matrices, of rows that are scaled.
 */
export function planMatrixUnits(planner: Planner, node: LinearNode, options: MatrixUnitsOptions = {}): void {
  const { x, weight, bias } = node
  const rows = x.rowCount
  const dOut = weight.rowCount
  if (rows === 0 || dOut === 0) return
  const { tile, splits } = { ...divisionOf(node), ...options }
  const subgroupSize = planner.capabilities.subgroups?.max ?? 32
  const { sums, finish } = splitSums(planner, node, splits)
  const left = pack(planner, x, { ...planner.binding(x), rows })
  for (const part of planner.parts(weight)) {
    const right = pack(planner, weight, part)
    const { parts, isScaled } = packings[weightDType(weight)]
    const variant: MatrixUnitsVariant = {
      tile,
      subgroupSize,
      weightParts: parts,
      isWeightScaled: isScaled,
      isWideOutput: isWideOutput(weight, part),
      hasBias: bias !== undefined && splits === 1,
    }
    planner.dispatch({
      kernel: kernelOf({
        ...variant,
        ...(options.operations !== undefined && { operations: options.operations }),
      }),
      bindings: [
        left.tiles,
        right.tiles,
        left.scales,
        right.scales,
        planner.binding(bias ?? x),
        inWholeVectors(sums),
      ],
      params: [
        rows,
        part.rows,
        left.rowTiles,
        right.rowTiles,
        left.kTiles,
        Math.ceil(left.kTiles / splits),
        part.firstRow,
        dOut,
      ],
      workgroups: [Math.ceil(part.rows / tileSizes[tile]), Math.ceil(rows / tileSizes[tile]), splits],
      bytes: left.byteLength + right.byteLength + 4 * rows * part.rows,
    })
  }
  finish()
}

/** Whether all that {@link planMatrixUnits} needs for a node fits into bindings. */
export function fitsMatrixUnits(planner: Planner, node: LinearNode): boolean {
  const { x, weight } = node
  const most = planner.capabilities.maxBindingBytes
  const largest = Math.max(...planner.parts(weight).map(({ rows }) => rows))
  const { splits } = divisionOf(node)
  return (
    packedBytes(x, x.rowCount) <= most &&
    packedBytes(weight, largest) <= most &&
    4 * splits * x.rowCount * weight.rowCount <= most
  )
}

interface Packed {
  readonly tiles: Binding
  readonly scales: Binding
  readonly rowTiles: number
  readonly kTiles: number
  readonly byteLength: number
}

/** Packs rows of a matrix that lie in one allocation. */
function pack(planner: Planner, matrix: Tensor, part: Binding & { readonly rows: number }): Packed {
  const dtype = weightDType(matrix)
  const { rows } = part
  const dIn = matrix.columnCount
  const rowTiles = Math.ceil(rows / 16)
  const kTiles = Math.ceil(dIn / 16)
  const byteLength = packedBytes(matrix, rows)
  const tiles = { allocation: planner.scratch(byteLength) }
  const scales = { allocation: planner.scratch(4 * 16 * rowTiles) }
  planner.dispatch({
    kernel: packKernelOf({ dtype, isWide: isWide(matrix, 4), ...packings[dtype] }),
    bindings: [inWholeVectors(part), tiles, scales],
    params: [rows, dIn, ...weightWords(matrix, { ...part, firstRow: 0 }), rowTiles, kTiles],
    workgroups: workgroupsFor(rowTiles, 1, planner.capabilities.maxWorkgroups),
    bytes: weightBytes(matrix, rows) + byteLength,
  })
  return { tiles, scales, rowTiles, kTiles, byteLength }
}

function packedBytes(matrix: Tensor, rows: number): number {
  const tiles = Math.ceil(rows / 16) * Math.ceil(matrix.columnCount / 16)
  return packings[weightDType(matrix)].parts * tiles * TILE_BYTES
}

const packKernelOf = perVariant(
  (variant: PackVariant): Kernel => ({
    label: `pack ${variant.dtype}`,
    code: packWgsl(variant),
    access: ['read', 'write', 'write'],
  }),
)

const kernelOf = perVariant(
  ({ operations, ...variant }: MatrixUnitsVariant & Pick<MatrixUnitsOptions, 'operations'>): Kernel => ({
    label: `linear, matrix units, ${variant.tile} tiles`,
    code: matrixUnitsWgsl(variant, operations),
    access: ['read', 'read', 'read', 'read', 'read', 'write'],
  }),
)
