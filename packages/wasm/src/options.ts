import { ConfigError } from '@mamba/core'
import { MAX_BYTES, PAGE } from './memory.ts'
import { canShareMemory, processorCount } from './platform.ts'

/** The most threads that a backend takes. */
const MAX_THREADS = 256

/** Options of `wasm()`. */
export interface WasmOptions {
  /**
   * Threads that compute, the calling one included, 1 to 256. Default: all logical processors, which is what
   * `os.availableParallelism()` and `navigator.hardwareConcurrency` tell; where two of them share a core, half as many
   * are often as fast. Where memory cannot be shared (a page without cross-origin isolation) it is 1 whatever is asked
   * for, and `info.notes` says so.
   */
  readonly threads?: number
  /** Bytes that tensors may take in all, rounded down to whole 64 KiB, 1 MiB to 4 GiB. Default: 4 GiB. */
  readonly memoryLimit?: number
  /** Whether to use the binary with fused multiply-add. Default: if the engine knows it. */
  readonly relaxedSimd?: boolean
  /**
   * Address of the script of the workers, `@mamba/wasm/worker`, for pages whose content security policy forbids
   * workers from `blob:` addresses. Default: a script inside this package. Not used in Node.
   */
  readonly workerUrl?: string | URL
}

/** The options, checked and filled in. */
export interface ResolvedOptions {
  readonly threads: number
  /** A multiple of 64 KiB. */
  readonly memoryLimit: number
  readonly relaxedSimd: boolean | undefined
  readonly workerUrl: string | URL | undefined
  /** What the user should know about what was chosen. */
  readonly notes: readonly string[]
}

/** @throws ConfigError if an option has an impossible value */
export function resolveOptions(options: WasmOptions): ResolvedOptions {
  const { threads, memoryLimit = MAX_BYTES, relaxedSimd, workerUrl } = options
  expectInteger('threads', threads ?? 1, 1, MAX_THREADS)
  expectInteger('memoryLimit', memoryLimit, 2 ** 20, MAX_BYTES)
  const notes: string[] = []
  let count = threads ?? Math.min(processorCount(), MAX_THREADS)
  if (count > 1 && !canShareMemory()) {
    count = 1
    notes.push(
      'one thread, because memory cannot be shared here; serve the page with Cross-Origin-Opener-Policy: same-origin ' +
        'and Cross-Origin-Embedder-Policy: require-corp to use more',
    )
  }
  return { threads: count, memoryLimit: Math.floor(memoryLimit / PAGE) * PAGE, relaxedSimd, workerUrl, notes }
}

function expectInteger(name: string, value: number, smallest: number, largest: number): void {
  if (Number.isInteger(value) && value >= smallest && value <= largest) return
  throw new ConfigError(`wasm: ${name} is ${value}; expected a whole number from ${smallest} to ${largest}`)
}
