import type { Dispatch } from './kernel.ts'
import type { Pipeline } from './pipelines.ts'

/** Uniforms begin at multiples of this many bytes. */
export const UNIFORM_ALIGNMENT = 256

/** A dispatch with everything made that the device needs for it; it can be run again and again. */
export interface PreparedDispatch {
  readonly label: string
  readonly pipeline: GPUComputePipeline
  readonly group: GPUBindGroup
  readonly workgroups: readonly [number, number, number]
  readonly bytes: number
}

/** Dispatches that run together, and that may still be in the making. */
export interface Runnable {
  readonly prepared: readonly PreparedDispatch[] | undefined
  /** Resolves when they are prepared. @throws KernelError if a kernel does not compile */
  wait(): Promise<void>
}

/** Makes what the device needs for a dispatch. */
export function prepareDispatch(
  device: GPUDevice,
  { kernel, bindings, params, workgroups: [x, y = 1, z = 1], bytes = 0 }: Dispatch,
  { pipeline, layout }: Pipeline,
  uniform: { readonly buffer: GPUBuffer; readonly offset: number } | undefined,
): PreparedDispatch {
  const entries: GPUBindGroupEntry[] = bindings.map(({ allocation, offset = 0, byteLength }, binding) => {
    const place = allocation.place()
    const size = byteLength ?? allocation.byteLength - offset
    // A binding must not be empty; a kernel with nothing to do reads nothing of it.
    const resource = { buffer: place.buffer, offset: place.offset + offset, size: Math.max(size, 4) }
    return { binding, resource }
  })
  if (params && uniform) {
    const size = Math.ceil((4 * params.length) / 16) * 16
    entries.push({ binding: entries.length, resource: { ...uniform, size } })
  }
  const group = device.createBindGroup({ label: kernel.label, layout, entries })
  return { label: kernel.label, pipeline, group, workgroups: [x, y, z], bytes }
}

/** The parameters of dispatches one after the other, and where those of each begin, in bytes. */
export function uniformsOf(dispatches: readonly Dispatch[]) {
  const offsets = new Map<Dispatch, number>()
  let size = 0
  for (const dispatch of dispatches) {
    if (!dispatch.params) continue
    offsets.set(dispatch, size)
    size += Math.ceil((4 * dispatch.params.length) / UNIFORM_ALIGNMENT) * UNIFORM_ALIGNMENT
  }
  const words = new Uint32Array(size / 4)
  for (const [{ params }, offset] of offsets) words.set(params!, offset / 4)
  return { words, offsets }
}
