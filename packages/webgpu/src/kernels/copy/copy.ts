import { dtypeLayout, type Tensor } from '@mamba/core'
import type { Binding } from '../../memory/allocation.ts'
import type { CopyNode } from '../../ops/node.ts'
import type { Planner } from '../../planner.ts'
import type { Kernel } from '../../queue/kernel.ts'
import { viewWords, workgroupsFor } from '../views.ts'
import { copyWgsl } from './copy.wgsl.ts'

const kernelOf = (perWord: 1 | 2 | 4): Kernel => ({
  label: `copy ${32 / perWord} bits`,
  code: copyWgsl(perWord),
  access: ['read', 'write'],
})

/** By the bytes of an element. */
const kernels: Readonly<Record<number, Kernel>> = { 1: kernelOf(4), 2: kernelOf(2), 4: kernelOf(1) }

/** Copies a tensor that is dense, quantised or not, or a view of columns of plain elements. */
export function planCopy(planner: Planner, { from, to }: CopyNode): void {
  if (!from.isDense) {
    copyRows(planner, from, to, { rows: to.rowCount, first: 0, taken: to.rowCount })
    return
  }
  // Tensors of the same shape and dtype are split in the same way.
  const targets = planner.parts(to)
  for (const [i, { allocation }] of planner.parts(from).entries()) {
    const words = allocation.byteLength / 4
    dispatchCopy(planner, {
      bindings: [{ allocation }, { allocation: targets[i]!.allocation }],
      elementBytes: 4,
      elements: words,
      // One row, which all of a dense tensor is.
      params: [words, words, 0, words, 1, 0, 1],
    })
  }
}

/** Which rows are copied: of every sequence of `rows` rows, `taken` from row `first` on. */
export interface RowRange {
  readonly rows: number
  readonly first: number
  readonly taken: number
}

/** Copies rows of a tensor of plain elements, which may be a view of columns, to a dense tensor. */
export function copyRows(planner: Planner, from: Tensor, to: Tensor, { rows, first, taken }: RowRange): void {
  dispatchCopy(planner, {
    bindings: [planner.binding(from), planner.binding(to)],
    elementBytes: dtypeLayout(from.dtype).bytes,
    elements: to.size,
    params: [to.size, to.columnCount, ...viewWords(from), rows, first, taken],
  })
}

interface Copy {
  readonly bindings: readonly Binding[]
  readonly elementBytes: number
  readonly elements: number
  readonly params: readonly number[]
}

function dispatchCopy(planner: Planner, { bindings, elementBytes, elements, params }: Copy): void {
  planner.dispatch({
    kernel: kernels[elementBytes]!,
    bindings,
    params,
    workgroups: workgroupsFor(
      Math.ceil((elements * elementBytes) / 4),
      256,
      planner.capabilities.maxWorkgroups,
    ),
    bytes: 2 * elements * elementBytes,
  })
}
