/** What kernels may use of a device; a plan is a function of shapes and of this. */
export interface Capabilities {
  /** Bytes of the largest storage binding, and of the largest buffer if that is less: a multiple of 256. */
  readonly maxBindingBytes: number
  /** Storage buffers of one kernel. */
  readonly maxStorageBuffers: number
  /** Invocations of one workgroup. */
  readonly maxInvocations: number
  /** Bytes of workgroup memory. */
  readonly maxWorkgroupBytes: number
  /** Workgroups of one dimension of a dispatch. */
  readonly maxWorkgroups: number
  /** Whether invocations of a subgroup can exchange values, and how many it has: at least, and at most. */
  readonly subgroups: { readonly min: number; readonly max: number } | undefined
  /** Whether kernels may compute in float16. */
  readonly f16: boolean
  /** Whether a subgroup, always of the same size, multiplies 16 · 16 float16 by as many, and adds them up in float32. */
  readonly matrixUnits: boolean
  /** Workgroups that may be tried to run side by side and wait for each other; 0: none. */
  readonly concurrentWorkgroups: number
}

/** What `webgpu()` may be told not to use, so that every path can be tested on every device. */
export interface FeatureSwitches {
  readonly subgroups?: boolean | undefined
  readonly f16?: boolean | undefined
  readonly matrixUnits?: boolean | undefined
  /**
   * One kernel for a whole step, in which workgroups wait for each other. WebGPU does not promise that this works, so it
   * is used only where the vendor's devices are known for it, and each has shown it. Default: on NVIDIA's.
   */
  readonly wholeStep?: boolean | undefined
}

/** The capabilities of a device. */
export function capabilitiesOf(
  device: GPUDevice,
  {
    subgroups = true,
    f16 = true,
    matrixUnits = true,
    wholeStep = device.adapterInfo?.vendor === 'nvidia',
  }: FeatureSwitches,
): Capabilities {
  const { limits, features, adapterInfo } = device
  const maxBytes = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize)
  return {
    maxBindingBytes: Math.floor(maxBytes / 256) * 256,
    maxStorageBuffers: limits.maxStorageBuffersPerShaderStage,
    maxInvocations: Math.min(limits.maxComputeInvocationsPerWorkgroup, limits.maxComputeWorkgroupSizeX),
    maxWorkgroupBytes: limits.maxComputeWorkgroupStorageSize,
    maxWorkgroups: limits.maxComputeWorkgroupsPerDimension,
    subgroups:
      subgroups && features.has('subgroups')
        ? // Some browsers do not say how many: then as few or many as there can be.
          { min: adapterInfo?.subgroupMinSize ?? 4, max: adapterInfo?.subgroupMaxSize ?? 128 }
        : undefined,
    f16: f16 && features.has('shader-f16'),
    matrixUnits: subgroups && f16 && matrixUnits && hasMatrixUnits(device),
    concurrentWorkgroups: wholeStep && subgroups && features.has('subgroups') ? 128 : 0,
  }
}

/** Matrix units, an experiment of Chromium that is not in the specification. */
export const MATRIX_UNITS = 'chromium-experimental-subgroup-matrix'

/** What the experiment tells of the matrices that a device multiplies. */
interface MatrixConfig {
  readonly componentType: string
  readonly resultComponentType: string
  readonly M: number
  readonly N: number
  readonly K: number
}

/**
 * Whether an adapter multiplies matrices as the kernels need it: 16 · 16 float16, added up in float32. Dawn lists what
 * it multiplies for adapters only, and nothing for their devices: then what was asked for is what is there.
 */
export function multipliesMatrices(info: GPUAdapterInfo | undefined, ofDevice = false): boolean {
  const { subgroupMatrixConfigs = [] } = (info ?? {}) as { subgroupMatrixConfigs?: Iterable<MatrixConfig> }
  const configs = Array.from(subgroupMatrixConfigs)
  if (ofDevice && configs.length === 0) return true
  return configs.some(
    ({ componentType, resultComponentType, M, N, K }) =>
      componentType === 'f16' && resultComponentType === 'f32' && M === 16 && N === 16 && K === 16,
  )
}

function hasMatrixUnits({ features, adapterInfo }: GPUDevice): boolean {
  const isWhole = adapterInfo?.subgroupMinSize === adapterInfo?.subgroupMaxSize
  return (
    (features as ReadonlySet<string>).has(MATRIX_UNITS) && isWhole && multipliesMatrices(adapterInfo, true)
  )
}
