import type { Mamba3ScanArgs, Tensor } from '@mamba/core'
import { checkMamba3Scan } from '@mamba/core/backend'
import type { Capabilities } from '../../device/capabilities.ts'
import type { Mamba3ScanNode } from '../../ops/node.ts'
import type { Planner } from '../../planner.ts'
import { floatBits, type Kernel } from '../../queue/kernel.ts'
import { type Lanes, lanesFor } from '../blocks/lane-sum.wgsl.ts'
import { placeWords, sourcesKey, sourcesOf } from '../blocks/sources.ts'
import { perVariant } from '../per-variant.ts'
import {
  STEP_MEMORY,
  type StepSource,
  type StepVariant,
  stepMemory,
  stepSources,
  stepWgsl,
} from './step.wgsl.ts'

/** The state's four, and y. */
const WRITTEN_BUFFERS = 5

/** Whether a head fits into the workgroup memory that the recurrence has. */
export function canStep(args: Mamba3ScanArgs): boolean {
  return stepMemory(checkMamba3Scan(args)) <= STEP_MEMORY
}

/** The recurrence, position after position. */
export function planMamba3Step(planner: Planner, { args, y }: Mamba3ScanNode): void {
  if (y.size === 0) return
  const { capabilities } = planner
  const { state, norm, mimo } = args
  const { batch, length, rank, nHeads, headDim, nGroups, dState, nAngles } = checkMamba3Scan(args)
  const sources = sourcesOf(
    planner,
    readBy(args),
    groupsOf(args),
    capabilities.maxStorageBuffers - WRITTEN_BUFFERS,
  )
  const unit = dState % 4 === 0 ? 4 : 1
  const lanes = lanesFor(dState / unit, capabilities)
  const items = Math.ceil(dState / (unit * lanes.count))
  const written = [state.angle, state.ssm, state.k, state.v, y]
  planner.dispatch({
    kernel: kernelOf({ sources, unit, lanes, items, size: sizeFor(lanes, capabilities) }),
    bindings: [...sources.bindings, ...written.map((tensor) => planner.binding(tensor))],
    params: [
      ...placeWords(sources, stepSources),
      ...[length, rank, nHeads, headDim, nHeads / nGroups, dState, nAngles],
      mimo ? 1 : 0,
      norm ? 1 : 0,
      floatBits(norm?.eps ?? 0),
      floatBits(args.aFloor),
    ],
    workgroups: [nHeads, batch],
    bytes:
      4 * batch * nHeads * (2 * headDim * (dState + 1) + 2 * rank * dState) +
      4 * batch * length * (3 * nHeads * headDim + 2 * rank * nGroups * dState + 3 * nHeads),
  })
}

/** Absent tensors are replaced by something that is not read. */
function readBy(args: Mamba3ScanArgs): Readonly<Record<StepSource, Tensor>> {
  const { x, z, B, C, dt, ddA, trap, angles, dtBias, BBias, CBias, D, mimo, norm } = args
  return {
    ...{ x, z, B, C, dt, dd_a: ddA, trap, angles, dt_bias: dtBias, B_bias: BBias, C_bias: CBias, D },
    ...{ mimo_x: mimo?.x ?? D, mimo_z: mimo?.z ?? D, mimo_o: mimo?.o ?? D, norm: norm?.weight ?? D },
  }
}

/** Names of tensors that are one in models, or stand in for each other; the largest first. See `sources.ts`. */
function groupsOf({ mimo, norm }: Mamba3ScanArgs): readonly (readonly StepSource[])[] {
  const mimoSources = ['mimo_x', 'mimo_z', 'mimo_o'] as const
  const absent: readonly StepSource[] = [...(mimo ? [] : mimoSources), ...(norm ? [] : (['norm'] as const))]
  return [
    ['x', 'z', 'dt', 'dd_a', 'trap', 'angles'],
    ['B_bias'],
    ['C_bias'],
    ...(mimo ? mimoSources.map((name) => [name]) : []),
    ...(norm ? [['norm'] as const] : []),
    ['B'],
    ['C'],
    ['D', ...absent],
    ['dt_bias'],
  ]
}

/** Where rows are added up in workgroup memory, there is none left for more invocations. */
function sizeFor({ areSubgroup }: Lanes, { maxInvocations }: Capabilities): number {
  return areSubgroup ? Math.min(512, maxInvocations) : 256
}

const kernelOf = perVariant(
  (variant: StepVariant): Kernel => {
    const reads = variant.sources.bindings.map(() => 'read' as const)
    const writes = Array.from({ length: WRITTEN_BUFFERS }, () => 'write' as const)
    return { label: 'mamba3Scan, step', code: stepWgsl(variant), access: [...reads, ...writes] }
  },
  ({ sources, unit, lanes, items, size }) =>
    [sourcesKey(sources), unit, lanes.count, lanes.areSubgroup, items, size].join(),
)
