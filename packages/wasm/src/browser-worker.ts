/*
 * The script of a browser's workers as a file of its own, for pages that do not allow workers from `blob:` addresses:
 * `wasm({ workerUrl: new URL('@mamba/wasm/worker', import.meta.url) })`, or wherever it is served from.
 */
import type { WorkerStart } from './worker.ts'

/** The part of a worker's global object that is used here. */
interface WorkerScope {
  postMessage(message: unknown): void
  onmessage: ((event: { readonly data: WorkerStart }) => void) | null
}

const scope = globalThis as unknown as WorkerScope

scope.onmessage = ({ data }) => computeUntilStopped(data)

/** What a worker does, as in `worker.ts`: it says `ready`, then computes until it is told to stop. */
export function computeUntilStopped({ module, memory, thread, failed }: WorkerStart): void {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } })
  const work = exports.work as (thread: number) => void
  scope.postMessage('ready')
  try {
    work(thread)
  } catch (error) {
    Atomics.store(new Int32Array(memory.buffer), failed / 4, 1)
    throw error
  }
}
