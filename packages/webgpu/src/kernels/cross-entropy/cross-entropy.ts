import type { CrossEntropyNode } from '../../ops/node.ts'
import type { Planner } from '../../planner.ts'
import type { Kernel } from '../../queue/kernel.ts'
import { viewWords, workgroupsFor } from '../views.ts'
import { crossEntropyWgsl } from './cross-entropy.wgsl.ts'

const kernel: Kernel = { label: 'crossEntropy', code: crossEntropyWgsl(), access: ['read', 'read', 'write'] }

/**
 * `Ops.crossEntropy`. Targets cannot be looked at before they are used, so one outside the vocabulary is not refused: its
 * result is NaN.
 */
export function planCrossEntropy(planner: Planner, { logits, targets, y }: CrossEntropyNode): void {
  const { size: rows } = y
  const vocabulary = logits.columnCount
  planner.dispatch({
    kernel,
    bindings: [logits, targets, y].map((tensor) => planner.binding(tensor)),
    params: [rows, vocabulary, targets.columnCount, ...viewWords(logits), ...viewWords(targets)],
    workgroups: workgroupsFor(rows, 1, planner.capabilities.maxWorkgroups),
    bytes: 4 * rows * (vocabulary + 2),
  })
}
