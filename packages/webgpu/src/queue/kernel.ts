import type { Binding } from '../memory/allocation.ts'

/** A compute shader and what it binds. */
export interface Kernel {
  /** Name that profiles and error messages show. */
  readonly label: string
  /**
   * WGSL: `@group(0)`, storage buffers from `@binding(0)` on in the order of `access`; if the dispatch has parameters,
   * they are a uniform after them. The entry point is `main`.
   */
  readonly code: string
  /** Of each storage buffer: whether the kernel only reads it, or writes it (too). */
  readonly access: readonly Access[]
  /** Values of `override` declarations. */
  readonly constants?: Readonly<Record<string, number>>
}

export type Access = 'read' | 'write'

/** One run of a kernel. */
export interface Dispatch {
  readonly kernel: Kernel
  readonly bindings: readonly Binding[]
  /** The uniform: words in the order of the struct, float32 by {@link floatBits}; none: no uniform is bound. */
  readonly params?: readonly number[]
  readonly workgroups: readonly [number, number?, number?]
  /** Bytes that it reads and writes at least, for profiles. */
  readonly bytes?: number
}

const float = new Float32Array(1)
const bits = new Uint32Array(float.buffer)

/** The 32 bits of a float32, as a word of a uniform. */
export function floatBits(value: number): number {
  float[0] = value
  return bits[0]!
}
