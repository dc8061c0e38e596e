import { nodeWorkerThreads } from './platform.ts'
import { browserWorkerSource, nodeWorkerSource, type WorkerStart } from './worker.ts'

/** How long a worker may take to start, in milliseconds. */
const TIMEOUT = 30_000

/** A worker of either platform. */
export interface WorkerHandle {
  terminate(): void
}

/** What happens to a worker. */
interface WorkerEvents {
  onReady(): void
  onDeath(cause: unknown): void
}

/** What a worker needs to start. */
export interface StartWorkerArgs {
  readonly start: WorkerStart
  /** Of the script, in browsers; absent: a script inside this package. */
  readonly url: string | URL | undefined
  /** Called at once, so that the worker can be ended whatever becomes of it. */
  onHandle(handle: WorkerHandle): void
  /** Called when it ends, for whatever reason. */
  onDeath(cause: unknown): void
}

/**
 * Starts a worker, by `worker_threads` where they are there, otherwise as browsers do. It does not keep a Node process
 * alive. Resolves when the worker computes; rejects if it dies before, or does not answer.
 */
export async function startWorker({ start, url, onHandle, onDeath }: StartWorkerArgs): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  try {
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer for ${TIMEOUT / 1000} s`)), TIMEOUT)
      const events: WorkerEvents = {
        onReady: resolve,
        onDeath(cause) {
          onDeath(cause)
          reject(cause)
        },
      }
      onHandle(startInNode(start, events) ?? startInBrowser(start, url, events))
    })
  } finally {
    clearTimeout(timer)
  }
}

/** @returns undefined where there are no `worker_threads` */
function startInNode(start: WorkerStart, { onReady, onDeath }: WorkerEvents): WorkerHandle | undefined {
  const threads = nodeWorkerThreads()
  if (!threads) return undefined
  // Without execArgv: a worker needs none of the loaders that the process was started with.
  const options = { eval: true, execArgv: [], name: `mamba ${start.thread}` }
  const worker = new threads.Worker(nodeWorkerSource, options)
  worker.on('message', () => {
    worker.unref()
    onReady()
  })
  worker.on('error', onDeath)
  worker.on('exit', (code) => onDeath(new Error(`it ended with code ${code}`)))
  worker.postMessage(start)
  return { terminate: () => void worker.terminate() }
}

function startInBrowser(
  start: WorkerStart,
  url: string | URL | undefined,
  { onReady, onDeath }: WorkerEvents,
): WorkerHandle {
  const script = new Blob([browserWorkerSource], { type: 'text/javascript' })
  const inline = url === undefined ? URL.createObjectURL(script) : undefined
  const worker = new Worker(url ?? inline!, {
    name: `mamba ${start.thread}`,
    type: inline ? 'classic' : 'module',
  })
  worker.onmessage = () => {
    if (inline) URL.revokeObjectURL(inline)
    onReady()
  }
  worker.onerror = ({ message }) => onDeath(new Error(message || 'its script could not be loaded'))
  worker.postMessage(start)
  return worker
}
