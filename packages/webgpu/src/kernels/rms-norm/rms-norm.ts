import type { Tensor } from '@mamba/core'
import type { RmsNormNode } from '../../ops/node.ts'
import type { Planner } from '../../planner.ts'
import { floatBits, type Kernel } from '../../queue/kernel.ts'
import { perVariant } from '../per-variant.ts'
import { viewWords, workgroupsFor } from '../views.ts'
import { type RmsNormVariant, rmsNormWgsl } from './rms-norm.wgsl.ts'

/** Invocations of the largest workgroup. */
const MAX_SIZE = 256

/** `Ops.rmsNorm`. */
export function planRmsNorm(planner: Planner, { x, args, y }: RmsNormNode): void {
  const { columnCount: size, rowCount: rows } = x
  if (size === 0) return
  const { weight, eps, groupSize = size, gate, gateOrder = 'before' } = args
  const isVector = [x, gate].every((tensor) => !tensor || isAligned(tensor)) && groupSize % 4 === 0
  const width = isVector ? 4 : 1
  const columns = groupSize / width
  const groups = size / groupSize
  const invocations = Math.min(MAX_SIZE, Math.ceil(columns / 32) * 32)
  const weightStride = weight && weight.size === size ? columns : 0
  planner.dispatch({
    kernel: kernelOf({
      isVector,
      hasWeight: weight !== undefined,
      gate: gate ? gateOrder : 'none',
      size: invocations,
      kept: Math.ceil(columns / invocations),
    }),
    bindings: [x, gate ?? x, weight ?? x, y].map((tensor) => planner.binding(tensor)),
    params: [
      rows,
      groups,
      columns,
      ...viewWords(x).map((word) => word / width),
      ...viewWords(gate ?? x).map((word) => word / width),
      weightStride,
      floatBits(eps),
    ],
    workgroups: workgroupsFor(rows * groups, 1, planner.capabilities.maxWorkgroups),
    bytes: 4 * rows * size * (gate ? 3 : 2),
  })
}

/** Whether the rows of a view begin at multiples of four elements. */
function isAligned({ offset, rowStride }: Tensor): boolean {
  return offset % 4 === 0 && rowStride % 4 === 0
}

const kernelOf = perVariant((variant: RmsNormVariant): Kernel => {
  const gate = variant.gate === 'none' ? '' : `, gate ${variant.gate}`
  return {
    label: `rmsNorm${gate}`,
    code: rmsNormWgsl(variant),
    access: ['read', 'read', 'read', 'write'],
  }
})
