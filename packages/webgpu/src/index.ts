export type { WebGpuBackend } from './backend.ts'
export type { WebGpuOptions } from './options.ts'
export { webgpu } from './webgpu.ts'
