import type { Tensor } from '@mamba/core'
import { canMergeNorm } from '../../kernels/linear/few-rows.ts'
import type { LinearNode, Node, RmsNormNode } from '../../ops/node.ts'
import type { Graph } from '../graph.ts'

/** A norm that only linear maps of few rows read becomes part of them. */
export function normIntoLinear(graph: Graph): readonly Node[] {
  const norms = new Map<Tensor, RmsNormNode>()
  for (const node of graph.nodes) {
    if (node.op !== 'rmsNorm' || !graph.isInner(node.y)) continue
    const canMerge = (user: Node) =>
      user.op === 'linear' && user.x === node.y && !user.norm && canMergeNorm(node.y, user.weight, node.args)
    if (graph.usersOf(node.y).every(canMerge)) norms.set(node.y, node)
  }
  return graph.nodes.flatMap((node): Node[] => {
    if (node.op === 'rmsNorm' && norms.has(node.y)) return []
    const norm = node.op === 'linear' ? norms.get(node.x) : undefined
    return [norm ? { ...(node as LinearNode), x: norm.x, norm: norm.args } : node]
  })
}
