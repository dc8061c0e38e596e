import { availableParallelism } from 'node:os'
import type { Writable } from 'node:stream'
import { type Backend, ConfigError, cpu, firstAvailable, MambaError } from '@mamba/core'
import { wasm } from '@mamba/wasm'
import { type WebGpuBackend, webgpu } from '@mamba/webgpu'
import { printable } from './io/text.ts'

/** How a backend is to be started. */
interface StartOptions {
  readonly threads: number
  /** Whether it was asked for by its name, and not only tried. */
  readonly isNamed: boolean
}

/** A backend that may work on this machine. */
interface BackendEntry {
  readonly name: string
  /** Whether it computes on the processor. */
  readonly isProcessor: boolean
  /** The most threads that it can use. */
  readonly maxThreads: number
  /** Starts it. @throws DeviceError that says why it does not work here */
  readonly create: (options: StartOptions) => Promise<Backend>
}

/** All backends, the one to prefer first. */
const entries: readonly BackendEntry[] = [
  {
    name: 'webgpu',
    isProcessor: false,
    maxThreads: 1,
    create: ({ isNamed }) => webgpu({ software: isNamed }),
  },
  { name: 'wasm', isProcessor: true, maxThreads: 256, create: ({ threads }) => wasm({ threads }) },
  { name: 'cpu', isProcessor: true, maxThreads: 1, create: async () => cpu() },
]

/** What `--backend` takes. */
export const backendChoices: readonly string[] = ['auto', ...entries.map(({ name }) => name)]

/** A backend, started, and how many threads it computes with. */
export interface StartedBackend {
  readonly backend: Backend
  readonly threads: number
}

/** What a device can do that WebGPU does not promise of every one. */
interface DeviceReport {
  readonly features: readonly string[]
  readonly limits: Readonly<Record<string, number>>
}

/** Whether a backend works here. */
export type BackendReport =
  | (Partial<DeviceReport> & {
      readonly name: string
      readonly available: true
      readonly device: string
      readonly notes: readonly string[]
    })
  | { readonly name: string; readonly available: false; readonly reason: string }

/** What {@link startBackend} starts. */
export interface BackendChoice {
  /**
   * One of {@link backendChoices}; `auto` is the first that works here, which is never a graphics card that a program
   * stands in for, and on the processor if `threads` are given.
   */
  readonly backend: string
  /** That compute; default: as many as the machine runs at once, and the backend can use. */
  readonly threads?: number
}

/**
 * Starts a backend. It is the caller's to destroy.
 * @param messages gets what a user should know of a device, a line each
 * @throws DeviceError if it does not work here
 * @throws ConfigError if it cannot use so many threads
 */
export async function startBackend(
  { backend: choice, threads }: BackendChoice,
  messages: Writable,
): Promise<StartedBackend> {
  const chosen = entries.find(({ name }) => name === choice)
  const candidates = entries.filter(({ isProcessor }) => isProcessor || threads === undefined)
  const backend = chosen
    ? await start(chosen, true, threads)
    : await firstAvailable(candidates.map((entry) => () => start(entry, false, threads)))
  const { maxThreads, isProcessor } = entries.find(({ name }) => name === backend.name)!
  if (!isProcessor) {
    for (const note of backend.info.notes) messages.write(`${backend.name}: ${printable(note)}\n`)
  }
  return { backend, threads: threads ?? defaultThreads(maxThreads) }
}

/** Tries every backend. */
export async function reportBackends(): Promise<BackendReport[]> {
  const reports: BackendReport[] = []
  for (const entry of entries) {
    const { name } = entry
    try {
      const backend = await start(entry, true)
      const more = name === 'webgpu' ? deviceReport((backend as WebGpuBackend).device) : {}
      reports.push({ name, available: true, ...backend.info, ...more })
      backend.destroy()
    } catch (error) {
      if (!MambaError.is(error, 'DeviceError')) throw error
      reports.push({ name, available: false, reason: error.message })
    }
  }
  return reports
}

const limitsOfInterest = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
] as const

function deviceReport({ features, limits }: GPUDevice): DeviceReport {
  return {
    features: [...features].sort(),
    limits: Object.fromEntries(limitsOfInterest.map((name) => [name, limits[name]])),
  }
}

async function start(
  { name, maxThreads, create }: BackendEntry,
  isNamed: boolean,
  threads?: number,
): Promise<Backend> {
  if (threads !== undefined && threads > maxThreads) {
    throw new ConfigError(`--threads ${threads}: the ${name} backend takes at most ${maxThreads}`)
  }
  return create({ threads: threads ?? defaultThreads(maxThreads), isNamed })
}

function defaultThreads(maxThreads: number): number {
  return Math.min(availableParallelism(), maxThreads)
}
