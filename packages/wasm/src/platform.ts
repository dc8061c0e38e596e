/*
 * What differs between Node and browsers. Node's modules are asked for at run time: an import would stop bundlers.
 */

interface NodeFs {
  readFile(url: URL): Promise<Uint8Array<ArrayBuffer>>
}

interface NodeOs {
  availableParallelism(): number
}

interface NodeWorker {
  postMessage(message: unknown): void
  on(event: 'message' | 'error' | 'exit', listener: (value: unknown) => void): void
  terminate(): Promise<number>
  unref(): void
}

interface NodeWorkerThreads {
  readonly Worker: new (source: string, options: object) => NodeWorker
}

/** The parts of browsers' globals that are used here. */
interface BrowserGlobals {
  readonly crossOriginIsolated?: boolean
  /** There in browsers' main threads only. */
  readonly document?: object
  readonly navigator?: { readonly hardwareConcurrency?: number }
  readonly process?: { getBuiltinModule?(name: string): unknown }
}

const globals = globalThis as unknown as BrowserGlobals

function nodeModule(name: string): unknown {
  return globals.process?.getBuiltinModule?.(name)
}

/** Node's module that reads files; undefined in browsers. */
export function nodeFs(): NodeFs | undefined {
  return nodeModule('node:fs/promises') as NodeFs | undefined
}

/** Node's module that starts workers; undefined in browsers. */
export function nodeWorkerThreads(): NodeWorkerThreads | undefined {
  return nodeModule('node:worker_threads') as NodeWorkerThreads | undefined
}

/** Logical processors that this process may use. JavaScript cannot tell how many cores they belong to. */
export function processorCount(): number {
  const os = nodeModule('node:os') as NodeOs | undefined
  return os?.availableParallelism() ?? globals.navigator?.hardwareConcurrency ?? 1
}

/** Whether memory can be shared between threads: in browsers only on pages that are cross-origin isolated. */
export function canShareMemory(): boolean {
  return typeof SharedArrayBuffer !== 'undefined' && (globals.crossOriginIsolated ?? true)
}

/** Whether this thread may sleep; a browser's main thread may not. */
export function maySleep(): boolean {
  return globals.document === undefined
}
