export type { MemoryUse, WebGpuBackend } from './backend.ts'
export type { WebGpuOptions } from './options.ts'
export type { KernelTime } from './queue/timestamps.ts'
export { webgpu } from './webgpu.ts'
