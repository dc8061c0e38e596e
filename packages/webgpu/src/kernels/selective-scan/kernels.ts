import type { Kernel } from '../../queue/kernel.ts'
import { perVariant } from '../per-variant.ts'
import type { ScanVariant } from './arguments.wgsl.ts'
import { carryStatesWgsl } from './carry-states.wgsl.ts'
import { chunkOutputsWgsl } from './chunk-outputs.wgsl.ts'
import { chunkStatesWgsl } from './chunk-states.wgsl.ts'
import { packWeightsWgsl } from './pack-weights.wgsl.ts'
import { shortScanWgsl } from './short.wgsl.ts'
import { stepWgsl } from './step.wgsl.ts'

/** The kernels of the scan for some numbers of states. */
export interface ScanKernels {
  readonly packWeights: Kernel
  readonly step: Kernel
  readonly shortScan: Kernel
  readonly chunkStates: Kernel
  readonly carryStates: Kernel
  readonly chunkOutputs: Kernel
}

export const scanKernels = perVariant(
  (variant: ScanVariant): ScanKernels => ({
    packWeights: { label: 'selectiveScan, weights', ...packWeightsWgsl(variant) },
    step: { label: 'selectiveScan, step', ...stepWgsl(variant) },
    shortScan: { label: 'selectiveScan', ...shortScanWgsl(variant) },
    chunkStates: { label: 'selectiveScan, states', ...chunkStatesWgsl(variant) },
    carryStates: { label: 'selectiveScan, carry', ...carryStatesWgsl(variant) },
    chunkOutputs: { label: 'selectiveScan, outputs', ...chunkOutputsWgsl(variant) },
  }),
)
