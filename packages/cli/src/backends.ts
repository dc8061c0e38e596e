import { availableParallelism } from 'node:os'
import { type Backend, ConfigError, cpu, firstAvailable, MambaError } from '@mamba/core'
import { wasm } from '@mamba/wasm'

/** A backend that may work on this machine. */
interface BackendEntry {
  readonly name: string
  /** The most threads that it can use. */
  readonly maxThreads: number
  /** Starts it. @throws DeviceError that says why it does not work here */
  readonly create: (threads: number) => Promise<Backend>
}

/** All backends, the one to prefer first. */
const entries: readonly BackendEntry[] = [
  { name: 'wasm', maxThreads: 256, create: (threads) => wasm({ threads }) },
  { name: 'cpu', maxThreads: 1, create: async () => cpu() },
]

/** What `--backend` takes. */
export const backendChoices: readonly string[] = ['auto', ...entries.map(({ name }) => name)]

/** A backend, started, and how many threads it computes with. */
export interface StartedBackend {
  readonly backend: Backend
  readonly threads: number
}

/** Whether a backend works here. */
export type BackendReport =
  | {
      readonly name: string
      readonly available: true
      readonly device: string
      readonly notes: readonly string[]
    }
  | { readonly name: string; readonly available: false; readonly reason: string }

/**
 * Starts a backend. It is the caller's to destroy.
 * @param choice one of {@link backendChoices}; `auto` is the first that works here
 * @param threads that compute; default: as many as the machine runs at once, and the backend can use
 * @throws DeviceError if it does not work here
 * @throws ConfigError if it cannot use so many threads
 */
export async function startBackend(choice: string, threads?: number): Promise<StartedBackend> {
  const chosen = entries.find(({ name }) => name === choice)
  const backend = chosen
    ? await start(chosen, threads)
    : await firstAvailable(entries.map((entry) => () => start(entry, threads)))
  const { maxThreads } = entries.find(({ name }) => name === backend.name)!
  return { backend, threads: threads ?? defaultThreads(maxThreads) }
}

/** Tries every backend. */
export async function reportBackends(): Promise<BackendReport[]> {
  const reports: BackendReport[] = []
  for (const entry of entries) {
    const { name } = entry
    try {
      const backend = await start(entry)
      reports.push({ name, available: true, ...backend.info })
      backend.destroy()
    } catch (error) {
      if (!MambaError.is(error, 'DeviceError')) throw error
      reports.push({ name, available: false, reason: error.message })
    }
  }
  return reports
}

async function start({ name, maxThreads, create }: BackendEntry, threads?: number): Promise<Backend> {
  if (threads !== undefined && threads > maxThreads) {
    throw new ConfigError(`--threads ${threads}: the ${name} backend takes at most ${maxThreads}`)
  }
  return create(threads ?? defaultThreads(maxThreads))
}

function defaultThreads(maxThreads: number): number {
  return Math.min(availableParallelism(), maxThreads)
}
