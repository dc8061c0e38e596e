import { DeviceError } from '@mamba/core'
import type { WebGpuOptions } from '../options.ts'
import { MATRIX_UNITS, multipliesMatrices } from './capabilities.ts'
import { platformGpu } from './platform.ts'

/** Features that are asked for where the adapter has them. */
const wanted = ['subgroups', 'shader-f16', 'timestamp-query', MATRIX_UNITS]

/** Limits of which as much as possible is asked for. */
const raised = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
] as const

/** @throws DeviceError if there is no adapter that will do, or it gives no device */
export async function requestDevice(options: WebGpuOptions): Promise<GPUDevice> {
  const { software = false, limits = 'adapter' } = options
  const adapter = await requestAdapter(options)
  if (!adapter) {
    throw new DeviceError(
      'webgpu: no adapter: this machine has no graphics card with a driver that WebGPU can use; use wasm()',
    )
  }
  if (!software && isSoftware(adapter.info)) {
    throw new DeviceError(
      `webgpu: the only adapter, ${nameOf(adapter.info)}, computes in software and is slower than wasm(); ` +
        'pass software: true to use it all the same',
    )
  }
  try {
    return await adapter.requestDevice({
      label: '@mamba/webgpu',
      requiredFeatures: featuresOf(adapter),
      requiredLimits:
        limits === 'default' ? {} : Object.fromEntries(raised.map((name) => [name, adapter.limits[name]])),
    })
  } catch (cause) {
    throw new DeviceError(`webgpu: ${nameOf(adapter.info)} gives no device: ${(cause as Error).message}`, {
      cause,
    })
  }
}

/** Some are not in the specification, and not in its types. */
function featuresOf({ features, info }: GPUAdapter): GPUFeatureName[] {
  const isUsable = (name: string) => features.has(name) && (name !== MATRIX_UNITS || multipliesMatrices(info))
  return wanted.filter(isUsable) as GPUFeatureName[]
}

async function requestAdapter({
  powerPreference = 'high-performance',
  software = false,
}: WebGpuOptions): Promise<GPUAdapter | null> {
  const gpu = await platformGpu()
  const adapter = await gpu.requestAdapter({ powerPreference })
  return adapter ?? (software ? gpu.requestAdapter({ forceFallbackAdapter: true }) : null)
}

/** Whether an adapter is a program that stands in for a graphics card. */
export function isSoftware(info: AdapterInfo): boolean {
  return info?.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|software|basic render/i.test(nameOf(info))
}

/** What people call an adapter. */
export function nameOf(info: AdapterInfo): string {
  const { vendor, architecture, device, description } = info ?? {}
  return (
    description || [vendor, architecture, device].filter(Boolean).join(' ') || 'an adapter without a name'
  )
}

/** Undefined of the devices of some browsers. */
type AdapterInfo = GPUAdapterInfo | undefined
