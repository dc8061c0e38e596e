import { DeviceError } from '@mamba/core'

/*
 * Where WebGPU comes from: browsers and Deno have it, Node has the npm package `webgpu`, which is Dawn.
 */

/** Switches of Dawn, which only it has: float16 and matrix units on NVIDIA cards, and matrix units at all. */
const dawnOptions = ['enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia']

let ofNode: Promise<GPU> | undefined

/**
 * The entry point of WebGPU.
 * @throws DeviceError if there is none here
 */
export async function platformGpu(): Promise<GPU> {
  const { navigator, process } = globalThis as {
    navigator?: { gpu?: GPU }
    process?: { versions?: { node?: string } }
  }
  if (navigator?.gpu) return navigator.gpu
  if (process?.versions?.node) {
    ofNode ??= nodeGpu()
    return ofNode
  }
  throw new DeviceError(
    'webgpu: this browser has no WebGPU, or the page is not served over https or from localhost; use wasm()',
  )
}

async function nodeGpu(): Promise<GPU> {
  let module: typeof import('webgpu')
  try {
    module = await import('webgpu')
  } catch (cause) {
    throw new DeviceError(
      'webgpu: Node needs the npm package webgpu, which is not installed or has no binary for this machine; ' +
        'run npm install webgpu, or use wasm()',
      { cause },
    )
  }
  const gpu = module.create(dawnOptions)
  // Collected while a device lives, it takes the process down.
  Object.assign(globalThis, { [Symbol.for('@mamba/webgpu/gpu')]: gpu })
  return gpu
}
