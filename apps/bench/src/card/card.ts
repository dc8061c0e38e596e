import { execFileSync } from 'node:child_process'
import type { Backend } from '@mamba/core'
import type { WebGpuBackend } from '@mamba/webgpu'
import { commit } from '../report/machine.ts'

/** What was measured on. */
export interface Card {
  readonly name: string
  /** As WebGPU describes it. */
  readonly adapter: string
  readonly driver: string
  readonly features: readonly string[]
  readonly limits: Readonly<Record<string, number>>
  readonly node: string
  readonly commit: string
  readonly date: string
}

/** Limits that decide which way kernels take. */
const notable = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
] as const

/** Whether a backend can say what each kernel takes. */
export function isWebGpu(backend: Backend): backend is WebGpuBackend {
  return backend.name === 'webgpu'
}

export function describeCard(backend: Backend): Card {
  const machine = {
    node: process.version,
    commit: process.env.CARD_COMMIT ?? commit(),
    date: new Date().toISOString().slice(0, 10),
  }
  if (!isWebGpu(backend)) {
    return {
      name: backend.info.device,
      adapter: backend.name,
      driver: 'no driver',
      features: [],
      limits: {},
      ...machine,
    }
  }
  const { adapterInfo, features, limits } = backend.device
  const { vendor, architecture, device, description, subgroupMinSize, subgroupMaxSize } = adapterInfo
  const nvidia = askNvidia()
  return {
    name: nvidia?.name ?? (device || description),
    adapter: [vendor, architecture, device, description].filter(Boolean).join(', '),
    driver: nvidia ? `NVIDIA driver ${nvidia.driver}` : 'driver as the adapter says',
    features: [...features].sort(),
    limits: {
      ...Object.fromEntries(notable.map((name) => [name, limits[name]])),
      subgroupMinSize,
      subgroupMaxSize,
    },
    ...machine,
  }
}

/** One line. */
export function cardText({ name, adapter, driver, node, commit, date }: Card): string {
  return `${name} (${adapter}; ${driver}); Node ${node}; commit ${commit}; ${date}`
}

/** What the driver's own program says, where there is one. */
function askNvidia(): { readonly name: string; readonly driver: string } | undefined {
  try {
    const args = ['--query-gpu=name,driver_version', '--format=csv,noheader']
    const said = execFileSync('nvidia-smi', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    const [name, driver] = said.split('\n')[0]!.split(', ')
    return name && driver ? { name, driver } : undefined
  } catch {
    return undefined
  }
}
