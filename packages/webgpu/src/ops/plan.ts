import { planElementwise } from '../kernels/elementwise/elementwise.ts'
import type { Planner } from '../planner.ts'
import type { Node } from './node.ts'

type Plans = { readonly [Op in Node['op']]?: (planner: Planner, node: Extract<Node, { op: Op }>) => void }

const plans: Plans = {
  elementwise: planElementwise,
}

/** Says which kernels a node runs. */
export function planNode(planner: Planner, node: Node): void {
  const plan = plans[node.op] as ((planner: Planner, node: Node) => void) | undefined
  if (!plan) throw new Error(`webgpu: ${node.op} has no kernel yet`)
  plan(planner, node)
}
