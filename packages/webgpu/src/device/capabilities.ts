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
}

/** What `webgpu()` may be told not to use, so that every path can be tested on every device. */
export interface FeatureSwitches {
  readonly subgroups?: boolean | undefined
  readonly f16?: boolean | undefined
}

/** The capabilities of a device. */
export function capabilitiesOf(
  device: GPUDevice,
  { subgroups = true, f16 = true }: FeatureSwitches,
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
        ? { min: adapterInfo.subgroupMinSize, max: adapterInfo.subgroupMaxSize }
        : undefined,
    f16: f16 && features.has('shader-f16'),
  }
}
