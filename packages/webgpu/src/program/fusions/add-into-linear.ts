import type { Tensor } from '@mamba/core'
import { FEW_ROWS } from '../../kernels/linear/few-rows.ts'
import type { ElementwiseNode, LinearNode, Node } from '../../ops/node.ts'
import type { Graph } from '../graph.ts'

/** A sum with the result of a linear map of few rows, which nobody else reads, becomes part of the map. */
export function addIntoLinear(graph: Graph): readonly Node[] {
  const sums = new Map<Node, LinearNode>()
  for (const node of graph.nodes) {
    if (node.op !== 'elementwise' || node.fn !== 'add') continue
    const linear = linearFor(graph, node, node.b!) ?? linearFor(graph, node, node.a)
    if (linear) sums.set(node, linear)
  }
  const merged = new Set<Node>(sums.values())
  return graph.nodes.flatMap((node): Node[] => {
    if (merged.has(node)) return []
    const linear = sums.get(node)
    if (!linear) return [node]
    const { a, b, y } = node as ElementwiseNode
    return [{ ...linear, residual: linear.y === a ? b! : a, y }]
  })
}

/** The linear map that makes one of a sum's terms, and makes it for that alone. */
function linearFor(graph: Graph, sum: Node, term: Tensor): LinearNode | undefined {
  const maker = graph.makerOf(term)
  if (maker?.op !== 'linear' || maker.y !== term || maker.residual || term.rowCount > FEW_ROWS)
    return undefined
  const users = graph.usersOf(term)
  return graph.isInner(term) && users.length === 1 && users[0] === sum ? maker : undefined
}
