import type { Tensor } from '@mamba/core'
import type { Context } from '../context.ts'
import { canStack } from '../kernels/mamba-stack/mamba-stack.ts'
import { type Node, tensorsOf } from '../ops/node.ts'
import { planNode } from '../ops/plan.ts'
import type { Dispatch } from '../queue/kernel.ts'
import { fuse } from './fuse.ts'
import { stackOf } from './fusions/mamba-stack.ts'
import { Graph } from './graph.ts'
import { planMemory } from './plan-memory.ts'
import { ProgramPlanner, type Rehearsal } from './program-planner.ts'
import type { Recording } from './recording.ts'

/** What a program does at each run. */
export interface Plan {
  readonly dispatches: readonly Dispatch[]
  readonly rehearsals: readonly Rehearsal[]
  /** Tensors that were there before, and must stay. */
  readonly inputs: readonly Tensor[]
  /** Buffers that are the program's to free. */
  readonly buffers: readonly GPUBuffer[]
  /** Enqueues what must be done before a run, if something changed. */
  refresh(): void
}

/** Plans a program as the device allows: merged as far as it goes. */
export function makePlan(context: Context, recording: Recording, results: ReadonlySet<Tensor>): Plan {
  recording.forgetPlaces()
  const planner = new ProgramPlanner(context, recording)
  const graph = new Graph(recording, fuse(recording, results, context.capabilities), results)
  const nodes = context.allowsWholeSteps ? stacked(planner, graph) : graph.nodes
  for (const node of nodes) planNode(planner, node)
  const outputs = [...results].flatMap((tensor) => planner.parts(tensor).map(({ allocation }) => allocation))
  const inputs = new Set(nodes.flatMap(tensorsOf).filter((tensor) => !recording.partsOf(tensor)))
  const { dispatches, rehearsals, owned } = planner
  const buffers = planMemory(dispatches, new Set(outputs), (size) => context.pool.take(size))
  return {
    dispatches,
    rehearsals,
    inputs: [...inputs],
    buffers: [...owned, ...buffers],
    refresh: () => planner.refresh(),
  }
}

/** Makes one node of a whole model's step, where a device can do that. */
function stacked(planner: ProgramPlanner, graph: Graph): readonly Node[] {
  const found = stackOf(graph)
  if (!found || !canStack(planner, found.stack)) return graph.nodes
  return graph.nodes.flatMap((node): Node[] => {
    if (node === found.stack.head) return [found.stack]
    return found.merged.has(node) ? [] : [node]
  })
}
