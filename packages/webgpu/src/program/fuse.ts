import type { Storage, Tensor } from '@mamba/core'
import type { Capabilities } from '../device/capabilities.ts'
import { type Node, tensorsOf, writtenBy } from '../ops/node.ts'
import { addIntoLinear } from './fusions/add-into-linear.ts'
import { mambaSteps } from './fusions/mamba-steps.ts'
import { normIntoLinear } from './fusions/norm-into-linear.ts'
import { sampleIntoTarget } from './fusions/sample-into-target.ts'
import { Graph } from './graph.ts'
import type { Recording } from './recording.ts'

/** One rewriting of a program's nodes. */
type Pass = (graph: Graph, capabilities: Capabilities) => readonly Node[]

const passes: readonly Pass[] = [dropUnused, sampleIntoTarget, mambaSteps, normIntoLinear, addIntoLinear]

/** Merges neighbouring nodes of a program where that saves bytes or launches; the plain kernels stay their oracle. */
export function fuse(
  recording: Recording,
  results: ReadonlySet<Tensor>,
  capabilities: Capabilities,
): readonly Node[] {
  return passes.reduce<readonly Node[]>(
    (nodes, pass) => pass(new Graph(recording, nodes, results), capabilities),
    recording.nodes,
  )
}

/** Drops nodes whose results nobody reads, such as the output head of a chunk that is not the last. */
function dropUnused(graph: Graph): readonly Node[] {
  const needed = new Set<Storage>()
  const kept: Node[] = []
  for (const node of graph.nodes.toReversed()) {
    if (writtenBy(node).every((tensor) => graph.isInner(tensor) && !needed.has(tensor.storage))) continue
    for (const { storage } of tensorsOf(node)) needed.add(storage)
    kept.push(node)
  }
  return kept.reverse()
}
