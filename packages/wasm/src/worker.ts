/** What a worker is sent at its start. */
export interface WorkerStart {
  readonly module: WebAssembly.Module
  readonly memory: WebAssembly.Memory
  /** 1 and up; the calling thread is 0. */
  readonly thread: number
  /** Byte address of the word that tells others of a trap. */
  readonly failed: number
}

/*
 * What a worker does with a WorkerStart: it says `ready`, then computes until it is told to stop, and meanwhile hears no
 * messages. It is a text and not a function, because what bundlers make of functions does not run outside the bundle;
 * `browser-worker.ts` is the same as a file.
 */
const body = `({ module, memory, thread, failed }) => {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } })
  post('ready')
  try {
    exports.work(thread)
  } catch (error) {
    Atomics.store(new Int32Array(memory.buffer), failed / 4, 1)
    throw error
  }
}`

/** A worker of Node's `worker_threads`, as the text of a CommonJS script. */
export const nodeWorkerSource = `
const { parentPort } = require('node:worker_threads')
const post = (message) => parentPort.postMessage(message)
parentPort.once('message', ${body})
`

/** A worker of browsers, as the text of a classic script. */
export const browserWorkerSource = `
const post = (message) => self.postMessage(message)
self.onmessage = ({ data }) => (${body})(data)
`
