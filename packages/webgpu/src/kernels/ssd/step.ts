import { checkSsd } from '@mamba/core/backend'
import type { SsdNode } from '../../ops/node.ts'
import type { Planner } from '../../planner.ts'
import { floatBits, type Kernel } from '../../queue/kernel.ts'
import { lanesFor } from '../blocks/lane-sum.wgsl.ts'
import { placeWords, sourcesKey, sourcesOf } from '../blocks/sources.ts'
import { perVariant } from '../per-variant.ts'
import { STEP_SIZE, type StepVariant, stepGroups, stepSources, stepWgsl } from './step.wgsl.ts'

/** State and y. */
const WRITTEN_BUFFERS = 2
/** Workgroups that keep a large card busy; where there are many more, each takes several rows. */
const MANY_WORKGROUPS = 1024
const MAX_FLOAT = 3.4028234663852886e38

/** The recurrence, position after position. */
export function planSsdStep(planner: Planner, { args, y }: SsdNode): void {
  if (y.size === 0) return
  const { capabilities } = planner
  const { x, dt, dtBias: dt_bias, dtLimit, A, B, C, D, state } = args
  const { batch, length, nHeads, headDim, nGroups, dState } = checkSsd(args)
  const sources = sourcesOf(
    planner,
    { x, dt, dt_bias, A, B, C, D },
    stepGroups,
    capabilities.maxStorageBuffers - WRITTEN_BUFFERS,
  )
  const unit = dState % 4 === 0 ? 4 : 1
  const lanes = lanesFor(dState / unit, capabilities)
  const items = Math.ceil(dState / (unit * lanes.count))
  const tile = STEP_SIZE / lanes.count
  const rows = batch * nHeads * Math.ceil(headDim / tile) > MANY_WORKGROUPS && headDim >= 4 * tile ? 4 : 1
  const perChannel = D.columnCount !== nHeads
  planner.dispatch({
    kernel: kernelOf({ sources, unit, lanes, items, rows }),
    bindings: [...sources.bindings, planner.binding(state), planner.binding(y)],
    params: [
      ...placeWords(sources, stepSources),
      ...[length, nHeads, headDim, nHeads / nGroups, dState],
      ...(perChannel ? [headDim, 1] : [1, 0]),
      ...limitWords(dtLimit),
    ],
    workgroups: [Math.ceil(headDim / (rows * tile)), nHeads, batch],
    bytes:
      4 * batch * nHeads * headDim * 2 * (dState + length) +
      4 * batch * length * (nHeads + 2 * nGroups * dState),
  })
}

/** The bounds of Δ; kernels are not to meet infinity. */
export function limitWords(limits: readonly [number, number]): number[] {
  return limits.map((limit) => floatBits(Math.min(limit, MAX_FLOAT)))
}

const kernelOf = perVariant(
  (variant: StepVariant): Kernel => {
    const reads = variant.sources.bindings.map(() => 'read' as const)
    return { label: 'ssd, step', code: stepWgsl(variant), access: [...reads, 'write', 'write'] }
  },
  ({ sources, unit, lanes, items, rows }) =>
    [sourcesKey(sources), unit, lanes.count, lanes.areSubgroup, items, rows].join(),
)
