/// <reference types="node" />
import { readFileSync } from 'node:fs'

/** One tensor of a golden file. */
export interface Golden<Data> {
  readonly shape: readonly number[]
  readonly data: Data
}

/** The tensors of an `expected.safetensors`: what the reference implementation computed. */
export interface Goldens {
  readonly names: readonly string[]
  /** @throws Error if there is no such float32 tensor */
  floats(name: string): Golden<Float32Array>
  /** @throws Error if there is no such int32 tensor */
  ints(name: string): Golden<Int32Array>
}

interface Entry {
  dtype: string
  shape: number[]
  data_offsets: [start: number, end: number]
}

/**
 * Reads a golden file with a reader of its own, so that the checkpoint reader under test is not its own
 * judge. It trusts the file: goldens are ours.
 */
export function readGoldens(path: string): Goldens {
  const file = readFileSync(path)
  const dataStart = 8 + Number(file.readBigUInt64LE(0))
  const { __metadata__: _, ...header }: Record<string, Entry> = JSON.parse(
    file.toString('utf8', 8, dataStart),
  )

  function find(name: string, dtype: string): { shape: number[]; bytes: ArrayBuffer } {
    const entry = header[name]
    if (entry?.dtype !== dtype) {
      throw new Error(`${path}: ${name} is ${entry?.dtype ?? 'missing'}; expected ${dtype}`)
    }
    const [start, end] = entry.data_offsets
    // A copy of its own: a view needs offsets that are multiples of 4, which the format does not promise.
    return {
      shape: entry.shape,
      bytes: Uint8Array.from(file.subarray(dataStart + start, dataStart + end)).buffer,
    }
  }

  return {
    names: Object.keys(header),
    floats(name) {
      const { shape, bytes } = find(name, 'F32')
      return { shape, data: new Float32Array(bytes) }
    },
    ints(name) {
      const { shape, bytes } = find(name, 'I32')
      return { shape, data: new Int32Array(bytes) }
    },
  }
}
