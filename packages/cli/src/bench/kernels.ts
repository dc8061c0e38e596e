import type { Backend } from '@mamba/core'
import type { Model } from '@mamba/models'
import type { KernelTime, WebGpuBackend } from '@mamba/webgpu'
import { bytes, table, thousands } from '../io/text.ts'
import { promptIds, type Workload } from './measure.ts'

/** What each kernel took on a graphics card, in one run that is not among the others. */
export interface KernelProfile {
  /** Bytes that the card reads and writes in a second when it only copies. */
  readonly bandwidthBytesPerSecond: number
  readonly prefill: readonly KernelTime[]
  readonly decode: readonly KernelTime[]
}

/** Whether a backend computes on a graphics card. */
export function isWebGpu(backend: Backend): backend is WebGpuBackend {
  return backend.name === 'webgpu'
}

/**
 * Reads a prompt and continues it once more, and measures each kernel.
 * @throws DeviceError if the card has no timestamps
 */
export async function profileKernels(
  model: Model,
  backend: WebGpuBackend,
  { promptLength, tokens, signal }: Workload,
): Promise<KernelProfile> {
  const bandwidthBytesPerSecond = await backend.measureBandwidth()
  const prompt = promptIds(promptLength, model.vocabSize)
  using state = model.createState()
  const prefill = await backend.profile(async () => {
    const logits = await model.prefill(prompt, { state, signal })
    logits.destroy()
  })
  // Each token takes a pass of its own: the first one reads the last of the prompt again.
  const options = { greedy: true, maxTokens: tokens, stopIds: [], signal }
  const decode = await backend.profile(() => model.complete(prompt.slice(-1), options))
  return { bandwidthBytesPerSecond, prefill, decode }
}

/** For people: a table of prefill and one of decoding. */
export function kernelTables(
  { bandwidthBytesPerSecond, prefill, decode }: KernelProfile,
  { promptLength, tokens }: Pick<Workload, 'promptLength' | 'tokens'>,
): string {
  const section = (title: string, times: readonly KernelTime[]) => {
    const total = times.reduce((sum, { microseconds }) => sum + microseconds, 0)
    const head = [title, 'dispatches', 'ms', 'share', 'moved', 'a second', 'of bandwidth']
    const rows = times.map((time) => row(time, total, bandwidthBytesPerSecond))
    return `\n${table([head, ...rows])}`
  }
  return [
    `\nbandwidth of copying: ${bytes(bandwidthBytesPerSecond)}/s\n`,
    section(`kernels of prefill, ${thousands(promptLength)} tokens`, prefill),
    section(`kernels of decode, ${thousands(tokens)} tokens`, decode),
  ].join('')
}

function row(
  { kernel, count, microseconds, bytes: moved }: KernelTime,
  total: number,
  bandwidth: number,
): string[] {
  const cells = [kernel, thousands(count), (microseconds / 1000).toFixed(3), percent(microseconds / total)]
  // Some kernels do not say what they move, and a browser's clock may be too coarse for others.
  if (moved === 0 || microseconds === 0) return cells
  const rate = (1e6 * moved) / microseconds
  return [...cells, bytes(moved), `${bytes(rate)}/s`, percent(rate / bandwidth)]
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}
