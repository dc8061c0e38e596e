import { DeviceError } from '@mamba/core'

/*
 * Where WebGPU comes from: browsers and Deno have it, Node has the npm package `webgpu`, which is Dawn.
 */

/**
 * Switches of Dawn, which only it has: float16 on NVIDIA cards, matrix units, timestamps that are not rounded, and
 * workgroup memory that is not cleared, on which no kernel relies.
 */
const dawnOptions = [
  'enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia,disable_workgroup_init',
  'disable-dawn-features=timestamp_quantization',
]

interface NodeProcess {
  readonly platform: string
  readonly versions?: { readonly node?: string }
  dlopen(module: object, filename: string): void
}

let ofNode: Promise<GPU> | undefined

/**
 * The entry point of WebGPU.
 * @throws DeviceError if there is none here
 */
export async function platformGpu(): Promise<GPU> {
  const { navigator, process } = globalThis as {
    navigator?: { gpu?: GPU }
    process?: NodeProcess
  }
  if (navigator?.gpu) return navigator.gpu
  if (process?.versions?.node) {
    ofNode ??= nodeGpu(process)
    return ofNode
  }
  throw new DeviceError(
    'webgpu: this browser has no WebGPU, or the page is not served over https or from localhost; use wasm()',
  )
}

async function nodeGpu(process: NodeProcess): Promise<GPU> {
  if (process.platform === 'linux') expectVulkan(process)
  let module: typeof import('webgpu')
  try {
    // Not for bundlers: it is a program of the machine, and nothing for browsers.
    const name = 'webgpu'
    module = await import(/* @vite-ignore */ /* webpackIgnore: true */ name)
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

/**
 * Dawn would print a warning of its own to standard error.
 * @throws DeviceError if there is no Vulkan
 */
function expectVulkan(process: NodeProcess): void {
  try {
    process.dlopen({ exports: {} }, 'libvulkan.so.1')
  } catch (cause) {
    // It is no module of Node, which is found out only once it is loaded.
    if (!(cause as Error).message.includes('cannot open shared object file')) return
    throw new DeviceError(
      'webgpu: no adapter: libvulkan.so.1 is missing; install a Vulkan driver and loader, or use wasm()',
      { cause },
    )
  }
}
