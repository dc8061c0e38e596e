import type { Tensor } from '@mamba/core'
import type { Capabilities } from '../../device/capabilities.ts'
import { canMergeMambaStep } from '../../kernels/mamba-step/mamba-step.ts'
import type { LinearNode, MambaStepNode, Node, SelectiveScanNode } from '../../ops/node.ts'
import type { Graph } from '../graph.ts'

/**
 * The ops of a Mamba block between its outer projections, for one position:
 *
 *   u = conv(x);  s = W_x u;  dt = W_Δ s[δ];  y = scan(u, dt, s[B], s[C], z)
 */
export function mambaSteps(graph: Graph, capabilities: Capabilities): readonly Node[] {
  const steps = new Map<Node, MambaStepNode>()
  const merged = new Set<Node>()
  for (const node of graph.nodes) {
    const step = node.op === 'selectiveScan' && stepOf(graph, node)
    if (!step || !canMergeMambaStep(capabilities, step)) continue
    steps.set(node, step)
    for (const part of [step.conv, step.select, step.project]) merged.add(part)
  }
  return graph.nodes.flatMap((node): Node[] => (merged.has(node) ? [] : [steps.get(node) ?? node]))
}

/** The step that ends with a scan, if nobody else reads what is in between. */
function stepOf(graph: Graph, scan: SelectiveScanNode): MambaStepNode | undefined {
  const { u, dt, B, C } = scan.args
  const conv = graph.makerOf(u)
  const project = plainLinear(graph, dt)
  const select = project && plainLinear(graph, project.x.base ?? project.x)
  if (conv?.op !== 'causalConv1d' || conv.y !== u || !project || select?.x !== u) return undefined
  const isSelected = [project.x, B, C].every(({ storage }) => storage === select.y.storage)
  const isOwn =
    isReadOnlyBy(graph, u, [select, scan]) &&
    isReadOnlyBy(graph, select.y, [project, scan]) &&
    isReadOnlyBy(graph, dt, [scan])
  return isSelected && isOwn ? { op: 'mambaStep', conv, select, project, scan } : undefined
}

/** The linear map that makes a tensor, if it does nothing besides. */
function plainLinear(graph: Graph, y: Tensor): LinearNode | undefined {
  const maker = graph.makerOf(y)
  const isPlain = maker?.op === 'linear' && maker.y === y && !maker.bias && !maker.norm && !maker.residual
  return isPlain ? maker : undefined
}

function isReadOnlyBy(graph: Graph, tensor: Tensor, users: readonly Node[]): boolean {
  return graph.isInner(tensor) && graph.usersOf(tensor).every((user) => users.includes(user))
}
