export type { MemoryUse, WasmBackend } from './backend.ts'
export type { WasmOptions } from './options.ts'
export { wasm } from './wasm.ts'
