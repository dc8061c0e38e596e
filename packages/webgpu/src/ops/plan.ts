import { planCausalConv1d } from '../kernels/causal-conv1d/causal-conv1d.ts'
import { planCopy } from '../kernels/copy/copy.ts'
import { planCrossEntropy } from '../kernels/cross-entropy/cross-entropy.ts'
import { planElementwise } from '../kernels/elementwise/elementwise.ts'
import { planEmbedding } from '../kernels/embedding/embedding.ts'
import { planLinear } from '../kernels/linear/linear.ts'
import { planMambaStack } from '../kernels/mamba-stack/mamba-stack.ts'
import { planMambaStep } from '../kernels/mamba-step/mamba-step.ts'
import { planMamba3Scan } from '../kernels/mamba3-scan/mamba3-scan.ts'
import { planPositions } from '../kernels/positions/positions.ts'
import { planRmsNorm } from '../kernels/rms-norm/rms-norm.ts'
import { planSample } from '../kernels/sample/sample.ts'
import { planSelectiveScan } from '../kernels/selective-scan/selective-scan.ts'
import { planSsd } from '../kernels/ssd/ssd.ts'
import type { Planner } from '../planner.ts'
import type { ProgramPlanner } from '../program/program-planner.ts'
import type { Node } from './node.ts'

type Plans = { readonly [Op in Node['op']]?: (planner: Planner, node: Extract<Node, { op: Op }>) => void }

const plans: Plans = {
  causalConv1d: planCausalConv1d,
  copy: planCopy,
  crossEntropy: planCrossEntropy,
  elementwise: planElementwise,
  embedding: planEmbedding,
  linear: planLinear,
  mamba3Scan: planMamba3Scan,
  mambaStack: (planner, node) => planMambaStack(planner as ProgramPlanner, node),
  mambaStep: planMambaStep,
  positions: planPositions,
  rmsNorm: planRmsNorm,
  sample: planSample,
  selectiveScan: planSelectiveScan,
  ssd: planSsd,
}

/** Says which kernels a node runs. */
export function planNode(planner: Planner, node: Node): void {
  const plan = plans[node.op] as ((planner: Planner, node: Node) => void) | undefined
  if (!plan) throw new Error(`webgpu: ${node.op} has no kernel yet`)
  plan(planner, node)
}
