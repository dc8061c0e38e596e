import { DeviceError } from '@mamba/core'
import { Heap, PAGE } from './memory.ts'
import { compileKernels, hasRelaxedSimd, type KernelExports } from './module.ts'
import type { ResolvedOptions } from './options.ts'
import { ThreadPool } from './threads.ts'

/** Compiled kernels, the memory that they compute in, and the threads that run them. */
export interface Runtime {
  readonly heap: Heap
  readonly pool: ThreadPool
  /** Whether the kernels are those with fused multiply-add. */
  readonly relaxedSimd: boolean
}

/** @throws DeviceError if the kernels, the memory or the threads cannot be had */
export async function startRuntime(options: ResolvedOptions): Promise<Runtime> {
  const { threads, memoryLimit, relaxedSimd = hasRelaxedSimd(), workerUrl } = options
  const shared = threads > 1
  const module = await compileKernels(relaxedSimd, shared)
  const memory = makeMemory(memoryLimit, shared)
  const instance = await WebAssembly.instantiate(module, { env: { memory } })
  const kernels = instance.exports as unknown as KernelExports
  const pool = await ThreadPool.start({ module, kernels, memory, threads, workerUrl })
  return { heap: new Heap(memory, memoryLimit), pool, relaxedSimd }
}

/** @throws DeviceError if the system does not grant the address space */
function makeMemory(limit: number, shared: boolean): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: 1, maximum: limit / PAGE, shared })
  } catch (cause) {
    throw new DeviceError(
      `wasm: the system does not grant a memory of up to ${limit / 2 ** 20} MiB; pass a smaller memoryLimit`,
      { cause },
    )
  }
}
