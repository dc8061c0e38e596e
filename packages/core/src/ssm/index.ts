export { gelu, relu2, sigmoid, silu, softplus } from './activations.ts'
export {
  type AssociativeScan,
  blellochScan,
  composeSteps,
  hillisSteeleScan,
  type RecurrenceDims,
  type RecurrenceInputs,
  type StepMap,
} from './associative-scan.ts'
export {
  type CausalConv1dDims,
  type CausalConv1dInputs,
  type CausalConv1dResult,
  causalConv1d,
} from './causal-conv1d.ts'
export {
  backwardEuler,
  bilinear,
  type DiscreteStep,
  euler,
  exponentialTrapezoidal,
  mambaRule,
  type TrapezoidalStep,
  zeroOrderHold,
} from './discretise.ts'
export { heavyTail, mamba3Decay } from './mamba3-decay.ts'
export { type Mamba3OutputDims, type Mamba3OutputInputs, mamba3Output } from './mamba3-output.ts'
export {
  type Mamba3RotateDims,
  type Mamba3RotateInputs,
  type Mamba3RotateResult,
  mamba3Rotate,
  type RotationPairing,
} from './mamba3-rotate.ts'
export {
  type Mamba3ScanDims,
  type Mamba3ScanInputs,
  type Mamba3ScanResult,
  type Mamba3ScanState,
  mamba3Scan,
} from './mamba3-scan.ts'
export { mamba3ScanChunked, mamba3ScanParallel } from './mamba3-scan-chunked.ts'
export type { Numbers } from './numbers.ts'
export { type RmsNormOptions, rmsNorm } from './rms-norm.ts'
export {
  type SelectiveScanDims,
  type SelectiveScanInputs,
  type SelectiveScanResult,
  selectiveScan,
} from './selective-scan.ts'
export { selectiveScanAssociative } from './selective-scan-associative.ts'
export { selectiveScanChunked } from './selective-scan-chunked.ts'
export { type SsdDims, type SsdInputs, type SsdResult, ssd } from './ssd.ts'
export { ssdChunked } from './ssd-chunked.ts'
export { ssdTf32 } from './ssd-tf32.ts'
