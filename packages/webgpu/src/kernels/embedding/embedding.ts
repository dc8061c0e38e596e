import type { EmbeddingNode } from '../../ops/node.ts'
import type { Planner } from '../../planner.ts'
import type { Kernel } from '../../queue/kernel.ts'
import { type WeightDType, weightBytes, weightDType, weightWords } from '../linear/weights.ts'
import { perVariant } from '../per-variant.ts'
import { viewWords, workgroupsFor } from '../views.ts'
import { embeddingWgsl } from './embedding.wgsl.ts'

/**
 * `Ops.embedding`: one kernel for each part of the table. Ids cannot be looked at before they are used, so one outside
 * the table is not refused: its row of the result is NaN.
 */
export function planEmbedding(planner: Planner, { table, ids, y }: EmbeddingNode): void {
  const [vocabulary, size] = table.shape as [number, number]
  const [batch, length] = ids.shape as [number, number]
  for (const part of planner.parts(table)) {
    planner.dispatch({
      kernel: kernelOf(weightDType(table)),
      bindings: [part, planner.binding(ids), planner.binding(y)],
      params: [
        batch,
        length,
        size,
        ...viewWords(ids),
        part.firstRow,
        part.rows,
        vocabulary,
        ...weightWords(table, part),
      ],
      workgroups: workgroupsFor(batch * length * size, 256, planner.capabilities.maxWorkgroups),
      bytes: batch * length * (4 * size + weightBytes(table, 1)),
    })
  }
}

const kernelOf = perVariant(
  (dtype: WeightDType): Kernel => ({
    label: `embedding ${dtype}`,
    code: embeddingWgsl(dtype),
    access: ['read', 'read', 'write'],
  }),
)
