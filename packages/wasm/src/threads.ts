import { DeviceError } from '@mamba/core'
import { FAILED, GENERATION, HEAP_START, MAY_SLEEP, STOP, THREADS } from './control.ts'
import type { KernelExports } from './module.ts'
import { maySleep } from './platform.ts'
import { startWorker, type WorkerHandle } from './start-worker.ts'

/** What a {@link ThreadPool} runs. */
export interface PoolInit {
  readonly module: WebAssembly.Module
  /** The calling thread's instance of the module. */
  readonly kernels: KernelExports
  readonly memory: WebAssembly.Memory
  /** Threads, the calling one included. */
  readonly threads: number
  /** Address of the workers' script, in browsers. */
  readonly workerUrl: string | URL | undefined
}

/**
 * The calling thread and the workers that help it. Jobs are handed out by atomics within the kernels; here workers are
 * started, watched and ended.
 */
export class ThreadPool {
  readonly threads: number
  readonly #kernels: KernelExports
  readonly #memory: WebAssembly.Memory
  readonly #workers: WorkerHandle[] = []
  #failure: DeviceError | undefined

  private constructor({ kernels, memory, threads }: PoolInit) {
    this.threads = threads
    this.#kernels = kernels
    this.#memory = memory
    const words = this.#words()
    words[THREADS / 4] = threads
    words[MAY_SLEEP / 4] = Number(maySleep())
  }

  /**
   * Starts the workers and waits until they are there.
   * @throws DeviceError if one does not start
   */
  static async start(init: PoolInit): Promise<ThreadPool> {
    const pool = new ThreadPool(init)
    try {
      await pool.#startWorkers(init)
    } catch (cause) {
      pool.destroy()
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new DeviceError(
        `wasm: a worker did not start: ${reason}; pass threads: 1 to do without workers, or workerUrl on a page that ` +
          'forbids workers from blob: addresses',
        { cause },
      )
    }
    return pool
  }

  /** @throws DeviceError if the pool was destroyed or a worker died */
  expectAlive(): void {
    if (this.#failure) throw this.#failure
  }

  /**
   * Runs a job and returns when it is finished.
   * @param words address of the kernel's arguments
   * @throws DeviceError if a kernel failed, in this thread or in a worker
   */
  run(kernel: number, words: number, tiles: number): void {
    try {
      if (this.#kernels.run(kernel, words, tiles) === 1) return
      this.#fail('a worker failed within an op')
    } catch (cause) {
      // Workers may still be at this job, so no other can be started.
      this.#fail('a kernel failed', cause)
    }
    this.expectAlive()
  }

  /** Ends the workers. */
  destroy(): void {
    this.#failure ??= new DeviceError('wasm: the backend was destroyed; make a new one with wasm()')
    const words = this.#words()
    Atomics.store(words, STOP / 4, 1)
    Atomics.add(words, GENERATION / 4, 1)
    if (this.#workers.length > 0) Atomics.notify(words, GENERATION / 4)
    for (const worker of this.#workers.splice(0)) worker.terminate()
  }

  async #startWorkers({ module, memory, threads, workerUrl: url }: PoolInit): Promise<void> {
    const onHandle = (handle: WorkerHandle) => this.#workers.push(handle)
    const onDeath = (cause: unknown) => this.#fail('a worker died', cause)
    const starts = Array.from({ length: threads - 1 }, (_, i) => {
      const start = { module, memory, thread: i + 1, failed: FAILED }
      return startWorker({ start, url, onHandle, onDeath })
    })
    await Promise.all(starts)
  }

  /** The words of `control.ts`. */
  #words(): Int32Array {
    return new Int32Array(this.#memory.buffer, 0, HEAP_START / 4)
  }

  #fail(message: string, cause?: unknown): void {
    this.#failure ??= new DeviceError(`wasm: ${message}; make a new backend with wasm()`, { cause })
  }
}
