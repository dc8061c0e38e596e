export type { Backend, BackendInfo, Program } from './backend.ts'
export { expand, fromFloat32, toFloat32 } from './convert.ts'
export { type CpuOptions, cpu } from './cpu/backend.ts'
export {
  byteLength,
  type DType,
  type DTypeLayout,
  dtypeLayout,
  elementCount,
  isDType,
  type TypedArray,
  typedArrayOf,
  weightDTypes,
} from './dtype.ts'
export {
  CheckpointError,
  ConfigError,
  DeviceError,
  DTypeError,
  KernelError,
  MambaError,
  type MambaErrorName,
  ShapeError,
} from './errors.ts'
export { firstAvailable } from './first-available.ts'
export { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16 } from './float16.ts'
export type {
  CausalConv1dArgs,
  Mamba3ScanArgs,
  Mamba3State,
  Ops,
  RmsNormArgs,
  SampleArgs,
  SampleHistory,
  SelectiveScanArgs,
  SsdArgs,
} from './ops/ops.ts'
export {
  logSoftmax,
  type ResolvedSampling,
  resolveSampling,
  type SamplingOptions,
  sampleLogits,
  type TokenLogprob,
  topLogprobs,
  uniform,
} from './sampling/index.ts'
export { type Storage, Tensor, type TensorInit } from './tensor.ts'
