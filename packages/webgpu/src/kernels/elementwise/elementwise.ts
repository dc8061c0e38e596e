import type { ElementwiseFunction, ElementwiseNode } from '../../ops/node.ts'
import type { Planner } from '../../planner.ts'
import { floatBits, type Kernel } from '../../queue/kernel.ts'
import { perVariant } from '../per-variant.ts'
import { viewWords, workgroupsFor } from '../views.ts'
import { elementwiseWgsl } from './elementwise.wgsl.ts'

/** The functions of `Ops` that take each element for itself. */
export function planElementwise(planner: Planner, { fn, a, b = a, factor = 0, y }: ElementwiseNode): void {
  const { rowCount: rows, columnCount: columns } = y
  planner.dispatch({
    kernel: kernelOf(fn),
    bindings: [planner.binding(a), planner.binding(b), planner.binding(y)],
    params: [rows, columns, ...viewWords(a), ...viewWords(b), floatBits(factor)],
    workgroups: workgroupsFor(rows * columns, 256, planner.capabilities.maxWorkgroups),
    bytes: 4 * rows * columns * (b === a ? 2 : 3),
  })
}

const kernelOf = perVariant(
  (fn: ElementwiseFunction): Kernel => ({
    label: fn,
    code: elementwiseWgsl(fn),
    access: ['read', 'read', 'write'],
  }),
)
