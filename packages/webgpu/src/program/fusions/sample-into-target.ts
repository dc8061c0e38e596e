import type { Tensor } from '@mamba/core'
import type { Node, SampleNode } from '../../ops/node.ts'
import type { Graph } from '../graph.ts'

/** An id that is sampled only to be copied is written where it goes: it is the next step's input. */
export function sampleIntoTarget(graph: Graph): readonly Node[] {
  const targets = new Map<Node, Tensor>()
  const merged = new Set<Node>()
  for (const node of graph.nodes) {
    if (node.op !== 'copy' || !graph.isInner(node.from) || graph.usersOf(node.from).length > 1) continue
    const maker = graph.makerOf(node.from)
    if (maker?.op !== 'sample') continue
    targets.set(maker, node.to)
    merged.add(node)
  }
  return graph.nodes.flatMap((node): Node[] => {
    if (merged.has(node)) return []
    const y = targets.get(node)
    return [y ? { ...(node as SampleNode), y } : node]
  })
}
