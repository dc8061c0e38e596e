import { HeapBackend, type WasmBackend } from './backend.ts'
import { resolveOptions, type WasmOptions } from './options.ts'
import { startRuntime } from './runtime.ts'

/**
 * The backend for machines without a GPU: WebAssembly with SIMD and threads, in Node and in browsers. Products with
 * q8_0 and q4_0 weights are sums of integers: activations are rounded to 16 bits in blocks of 32, so to 1 / 65534 of
 * the largest of each block. All else is float32.
 * @throws ConfigError if an option has an impossible value
 * @throws DeviceError if the engine has no WebAssembly SIMD, or a worker does not start
 */
export async function wasm(options: WasmOptions = {}): Promise<WasmBackend> {
  const resolved = resolveOptions(options)
  const { heap, pool, relaxedSimd } = await startRuntime(resolved)
  const simd = relaxedSimd ? 'relaxed SIMD' : 'SIMD'
  const device = `WebAssembly, ${simd}, ${pool.threads} thread${pool.threads > 1 ? 's' : ''}`
  return new HeapBackend({ device, notes: resolved.notes }, heap, pool)
}
