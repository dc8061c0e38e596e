import { DeviceError } from '@mamba/core'
import { nodeFs } from './platform.ts'

/** What the binaries export. */
export interface KernelExports {
  /** Runs a kernel on tiles 0 to `tiles` − 1. @returns 0 if a worker failed, otherwise 1 */
  run(kernel: number, words: number, tiles: number): number
}

/** Bundlers find the binaries by these expressions, so they stand here whole. */
const urls = {
  plain: () => new URL('../build/mamba.wasm', import.meta.url),
  relaxed: () => new URL('../build/mamba-relaxed.wasm', import.meta.url),
}

/**
 * A module of one function that uses the fused multiply-add of relaxed SIMD:
 * `(func (param v128) (f32x4.relaxed_madd (local.get 0) (local.get 0) (local.get 0)) drop)`.
 */
const relaxedProbe = Uint8Array.from([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // magic number and version
  ...[1, 5, 1, 0x60, 1, 0x7b, 0], // type section: (v128) → ()
  ...[3, 2, 1, 0], // function section
  ...[10, 14, 1, 12, 0, 0x20, 0, 0x20, 0, 0x20, 0, 0xfd, 0x85, 2, 0x1a, 0x0b], // code section
])

/** Whether this engine has relaxed SIMD. */
export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(relaxedProbe)
}

/**
 * Loads and compiles the kernels.
 * @param shared whether they run on shared memory
 * @throws DeviceError if the binary cannot be read, or the engine does not know SIMD
 */
export async function compileKernels(relaxed: boolean, shared: boolean): Promise<WebAssembly.Module> {
  const bytes = await load(relaxed ? urls.relaxed() : urls.plain())
  if (!WebAssembly.validate(bytes)) {
    throw new DeviceError(
      `wasm: this engine does not have the WebAssembly ${relaxed ? 'relaxed SIMD' : 'SIMD'} that the kernels need; ` +
        'use a newer one, or the cpu backend',
    )
  }
  if (!shared) clearSharedFlag(bytes)
  return await WebAssembly.compile(bytes)
}

/** What every WebAssembly binary begins with. */
const MAGIC = [0, 0x61, 0x73, 0x6d]

async function load(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const fs = url.protocol === 'file:' ? nodeFs() : undefined
    if (fs) return new Uint8Array(await fs.readFile(url))
    const response = await fetch(url)
    if (!response.ok) throw new Error(`the server answers ${response.status}`)
    const bytes = new Uint8Array(await response.arrayBuffer())
    // Servers of single-page applications answer every unknown path with their page and status 200.
    if (MAGIC.some((byte, i) => bytes[i] !== byte)) {
      throw new Error('it is not WebAssembly; the README of @mamba/wasm says what bundlers need to find it')
    }
    return bytes
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new DeviceError(`wasm: ${url} cannot be read: ${reason}`, { cause })
  }
}

/** Bits of the flags of an imported memory. */
const hasMaximum = 1
const isShared = 2

/**
 * Changes the module's import of a shared memory to one of an ordinary memory, in place: the same kernels then run on
 * one thread where memory cannot be shared. Atomics are allowed on both kinds.
 * @param bytes a module that imports one memory, `env.memory`, and nothing before it
 * @throws DeviceError if there is no such import
 */
export function clearSharedFlag(bytes: Uint8Array): void {
  const name = [3, ...encode('env'), 6, ...encode('memory'), 2]
  const at = bytes.findIndex((_, i) => name.every((byte, k) => bytes[i + k] === byte))
  const flags = at + name.length
  if (at === -1 || bytes[flags] !== (hasMaximum | isShared)) {
    throw new DeviceError(
      'wasm: the binary does not import a shared memory; it is damaged, install the package again',
    )
  }
  bytes[flags] = hasMaximum
}

function encode(text: string): Iterable<number> {
  return new TextEncoder().encode(text)
}
