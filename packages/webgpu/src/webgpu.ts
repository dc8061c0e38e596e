import { DeviceBackend, type DeviceInUse, type WebGpuBackend } from './backend.ts'
import { capabilitiesOf } from './device/capabilities.ts'
import { isSoftware, nameOf, requestDevice } from './device/request.ts'
import type { WebGpuOptions } from './options.ts'

/**
 * Starts the backend on a graphics card: in browsers on what they offer, in Node through the npm package `webgpu`.
 * @throws DeviceError if there is no WebGPU, no adapter, or only one that computes in software
 */
export async function webgpu(options: WebGpuOptions = {}): Promise<WebGpuBackend> {
  if (options.device) return new DeviceBackend(inUse(options.device, options))
  const request = async () => inUse(await requestDevice(options), options)
  return new DeviceBackend(await request(), request)
}

function inUse(device: GPUDevice, { features = {} }: WebGpuOptions): DeviceInUse {
  const { adapterInfo } = device
  const notes = isSoftware(adapterInfo) ? ['this adapter computes in software; wasm() is far faster'] : []
  return {
    device,
    info: { device: `WebGPU, ${nameOf(adapterInfo)}`, notes },
    capabilities: capabilitiesOf(device, features),
  }
}
