import { type Backend, cpu, DeviceError, MambaError } from '@mamba/core'

/** A backend that may work on this machine. */
interface BackendEntry {
  readonly name: string
  /** Starts it. @throws DeviceError that says why it does not work here */
  readonly create: () => Promise<Backend>
}

/** All backends, the one to prefer first. */
const entries: readonly BackendEntry[] = [{ name: 'cpu', create: async () => cpu() }]

/** What `--backend` takes. */
export const backendChoices: readonly string[] = ['auto', ...entries.map(({ name }) => name)]

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
 * @throws DeviceError if it does not work here
 */
export async function createBackend(choice: string): Promise<Backend> {
  const chosen = entries.filter(({ name }) => choice === 'auto' || choice === name)
  const reasons: string[] = []
  for (const entry of chosen) {
    const backend = await tryCreate(entry)
    if (typeof backend !== 'string') return backend
    reasons.push(`${entry.name}: ${backend}`)
  }
  throw new DeviceError(
    `--backend ${choice}: ${reasons.join('; ') || `expected ${backendChoices.join(', ')}`}`,
  )
}

/** Tries every backend. */
export async function reportBackends(): Promise<BackendReport[]> {
  const reports: BackendReport[] = []
  for (const entry of entries) {
    const backend = await tryCreate(entry)
    if (typeof backend === 'string') {
      reports.push({ name: entry.name, available: false, reason: backend })
    } else {
      reports.push({ name: entry.name, available: true, ...backend.info })
      backend.destroy()
    }
  }
  return reports
}

/** @returns the backend, or why it does not work here */
async function tryCreate({ create }: BackendEntry): Promise<Backend | string> {
  try {
    return await create()
  } catch (error) {
    if (MambaError.is(error, 'DeviceError')) return error.message
    throw error
  }
}
