import type { RmsNormArgs, Tensor } from '@mamba/core'
import type { Capabilities } from '../../device/capabilities.ts'
import type { LinearNode } from '../../ops/node.ts'
import type { Planner } from '../../planner.ts'
import { floatBits, type Kernel } from '../../queue/kernel.ts'
import { perVariant } from '../per-variant.ts'
import { viewWords, workgroupsFor } from '../views.ts'
import { type FewRowsVariant, fewRowsWgsl } from './few-rows.wgsl.ts'
import {
  elementsOf16Bytes,
  inWholeVectors,
  isAligned,
  isQuantised,
  isWide,
  weightBytes,
  weightDType,
  weightWords,
} from './weights.ts'

/** Rows of x up to which a weight is read once for all of them, and a norm or a sum can be merged into the product. */
export const FEW_ROWS = 8

/** Workgroups that should be there before invocations compute several outputs each: two for each core of large cards. */
const MANY_WORKGROUPS = 256
const INVOCATIONS = 128
/** Chunks that an invocation has on their way at a time, at most: four registers each. */
const MAX_CHUNKS = 8
/** Elements of each row in workgroup memory at a time, at most; with more, fewer workgroups run side by side. */
const MAX_TILE = 2048
/** Workgroup memory that is not for x, in bytes. */
const RESERVED_BYTES = 2048

/** What is free to choose; how fast, not what. */
export type FewRowsShape = Pick<
  FewRowsVariant,
  'rows' | 'lanes' | 'invocations' | 'outputs' | 'unroll' | 'tile' | 'isUnrolled'
>

/** y = x Wᵀ + b, with what was merged into it, by blocks of up to {@link FEW_ROWS} rows. */
export function planFewRows(planner: Planner, node: LinearNode, forced: Partial<FewRowsShape> = {}): void {
  const { x, weight, bias, norm, residual, y } = node
  const { gate } = norm ?? {}
  const dIn = weight.columnCount
  const groupSize = norm?.groupSize ?? dIn
  for (const part of planner.parts(weight)) {
    const variant = variantOf(planner.capabilities, node, part.rows, forced)
    const bindingOf = (tensor: Tensor | undefined) => inWholeVectors(planner.binding(tensor ?? x))
    const weights = inWholeVectors(part)
    const outputsPerWorkgroup = (variant.invocations / variant.lanes) * variant.outputs
    planner.dispatch({
      kernel: kernelOf(variant),
      bindings: [
        weights,
        weights,
        bindingOf(x),
        bindingOf(norm?.weight),
        bindingOf(gate),
        bindingOf(bias),
        bindingOf(residual),
        planner.binding(y),
      ],
      params: [
        x.rowCount,
        dIn,
        part.rows,
        ...viewWords(x),
        ...weightWords(weight, part),
        part.firstRow,
        weight.rowCount,
        Math.max(groupSize, 1),
        norm?.weight?.size ?? 1,
        floatBits(norm?.eps ?? 0),
        ...viewWords(gate ?? x),
        ...viewWords(residual ?? x),
      ],
      workgroups: workgroupsFor(
        Math.ceil(part.rows / outputsPerWorkgroup) * Math.ceil(x.rowCount / variant.rows),
        1,
        planner.capabilities.maxWorkgroups,
      ),
      bytes: weightBytes(weight, part.rows) + 4 * x.rowCount * (dIn + part.rows),
    })
  }
}

/** Whether `planFewRows` can do a norm of x on its way. */
export function canMergeNorm(x: Tensor, weight: Tensor, { groupSize = x.columnCount }: RmsNormArgs): boolean {
  const isWhole = !isQuantised(weight.dtype) || groupSize % 32 === 0
  return x.rowCount <= FEW_ROWS && isWhole
}

function variantOf(
  capabilities: Capabilities,
  { x, weight, bias, norm, residual }: LinearNode,
  dOut: number,
  forced: Partial<FewRowsShape>,
): FewRowsVariant {
  const dtype = weightDType(weight)
  const chunk = elementsOf16Bytes(dtype)
  const groupSize = norm?.groupSize ?? weight.columnCount
  const { gate } = norm ?? {}
  return {
    dtype,
    ...shapeOf(capabilities, { rows: x.rowCount, dIn: weight.columnCount, dOut, chunk }),
    ...forced,
    hasSubgroups: capabilities.subgroups !== undefined,
    isWideWeight: isWide(weight, chunk) && (isQuantised(dtype) || groupSize % chunk === 0),
    isWideInput: isAligned(x, 4) && groupSize % 4 === 0 && (gate === undefined || isAligned(gate, 4)),
    hasBias: bias !== undefined,
    hasResidual: residual !== undefined,
    isNormed: norm !== undefined,
    hasNormWeight: norm?.weight !== undefined,
    gate: gate ? (norm?.gateOrder ?? 'before') : 'none',
  }
}

interface Sizes {
  readonly rows: number
  readonly dIn: number
  readonly dOut: number
  /** Elements of 16 bytes of weights. */
  readonly chunk: number
}

/** How the work is divided, so that as many bytes as possible are on their way at a time. */
function shapeOf(
  { subgroups, maxWorkgroupBytes }: Capabilities,
  { rows, dIn, dOut, chunk }: Sizes,
): FewRowsShape {
  const lanes = Math.min(subgroups?.min ?? 32, 32)
  const slices = INVOCATIONS / lanes
  const blocks = Math.max(1, Math.ceil(rows / FEW_ROWS))
  // Few different numbers, as each is a kernel of its own.
  const rowsOfBlock = 2 ** Math.ceil(Math.log2(Math.max(1, rows / blocks)))
  // Where several rows of x are read for each weight, those reads must serve several outputs.
  const enough = rowsOfBlock > 4 ? MANY_WORKGROUPS / 2 : MANY_WORKGROUPS
  const outputs = [4, 2].find((count) => blocks * Math.ceil(dOut / (slices * count)) >= enough) ?? 1
  const room = Math.floor((maxWorkgroupBytes - RESERVED_BYTES) / (4 * rowsOfBlock) / 32) * 32
  const tile = Math.min(room, MAX_TILE, tileFor(dIn))
  const perLane = Math.ceil((subgroups ? dIn : Math.min(dIn, tile)) / chunk / lanes)
  const rounds = Math.max(1, Math.ceil((perLane * outputs) / MAX_CHUNKS))
  return {
    rows: rowsOfBlock,
    lanes,
    invocations: INVOCATIONS,
    outputs,
    unroll: Math.max(1, Math.min(4, Math.ceil(perLane / rounds))),
    tile,
    isUnrolled: false,
  }
}

/** Elements that rows need in workgroup memory: not many different numbers, as each is a kernel of its own. */
function tileFor(dIn: number): number {
  return dIn <= 256 ? 2 ** Math.ceil(Math.log2(Math.max(dIn, 32))) : Math.ceil(dIn / 256) * 256
}

const kernelOf = perVariant(
  (variant: FewRowsVariant): Kernel => ({
    label: `linear ${variant.dtype}, ${variant.rows} rows`,
    code: fewRowsWgsl(variant),
    access: ['read', 'read', 'read', 'read', 'read', 'read', 'read', 'write'],
  }),
)
