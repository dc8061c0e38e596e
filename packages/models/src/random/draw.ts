import {
  byteLength,
  type DType,
  dtypeLayout,
  elementCount,
  f32ToF16,
  fromFloat32,
  type TypedArray,
  typedArrayOf,
} from '@mamba/core'
import type { Distribution } from './distributions.ts'

/*
 * Random numbers by counting: the hash of a tensor's key plus an index. They cost a nanosecond each and any part of
 * them can be made on its own. They are good enough to measure with; to train, use a generator with a longer period.
 */

/** Values that the elements of a matrix are taken from, as many as 12 bits can choose among. */
const levels = 4096
const lastLevel = levels - 1
/** How far a hash is shifted to take an index from its upper bits; its lower bits give another. */
const upperBits = 20

/** A hash of 32 bits, one to one: neighbouring numbers have nothing in common afterwards. */
function hash(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad)
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97)
  return x ^ (x >>> 15)
}

/** The key of the n-th tensor that is drawn with a seed. */
export function tensorKey(seed: number, n: number): number {
  return hash(hash(seed) + n)
}

/** Draws every element from its distribution. */
export function drawVector(shape: readonly number[], distribution: Distribution, key: number): Float32Array {
  const columns = shape.at(-1) ?? 1
  const out = new Float32Array(elementCount(shape))
  for (let i = 0; i < out.length; i++) {
    out[i] = distribution(((hash(key + i) >>> 0) + 0.5) / 2 ** 32, i % columns)
  }
  return out
}

/**
 * Draws a matrix in its stored form: each element is one of 4,096 values spread evenly over the distribution, which
 * are rounded to the dtype once. In quantised dtypes all blocks have the same scale.
 * @param distribution must not depend on the column
 */
export function drawMatrix(
  dtype: DType,
  shape: readonly number[],
  distribution: Distribution,
  key: number,
): TypedArray {
  const values = Float32Array.from({ length: levels }, (_, i) => distribution((i + 0.5) / levels, 0))
  if (dtype === 'q8_0') return drawQ8_0(values, shape, key)
  if (dtype === 'q4_0') return drawQ4_0(values, shape, key)
  const stored = fromFloat32(dtype, values)
  const out = typedArrayOf(dtype, new Uint8Array(byteLength(dtype, shape)))
  for (let i = 0; i < out.length; i += 2) {
    const bits = hash(key + i)
    out[i] = stored[bits & lastLevel]!
    // Beyond the end of an odd number of elements nothing is written.
    out[i + 1] = stored[bits >>> upperBits]!
  }
  return out
}

function drawQ8_0(values: Float32Array, shape: readonly number[], key: number): Uint8Array {
  const scale = largest(values) / 127
  const stored = Int8Array.from(values, (x) => Math.round(x / scale))
  return drawBlocks('q8_0', scale, shape, (out, at, block) => {
    for (let i = 0; i < 32; i += 2) {
      const bits = hash(key + block * 32 + i)
      out[at + i] = stored[bits & lastLevel]!
      out[at + i + 1] = stored[bits >>> upperBits]!
    }
  })
}

function drawQ4_0(values: Float32Array, shape: readonly number[], key: number): Uint8Array {
  const scale = largest(values) / 8
  const stored = Uint8Array.from(values, (x) => Math.min(15, Math.round(x / scale) + 8))
  return drawBlocks('q4_0', scale, shape, (out, at, block) => {
    for (let i = 0; i < 16; i++) {
      const bits = hash(key + block * 16 + i)
      out[at + i] = stored[bits & lastLevel]! | (stored[bits >>> upperBits]! << 4)
    }
  })
}

/** @param write fills the integers of a block, from `at` on */
function drawBlocks(
  dtype: DType,
  scale: number,
  shape: readonly number[],
  write: (out: Uint8Array, at: number, block: number) => void,
): Uint8Array {
  const { bytes } = dtypeLayout(dtype)
  const out = new Uint8Array(byteLength(dtype, shape))
  const half = f32ToF16(scale)
  for (let at = 0, block = 0; at < out.length; at += bytes, block++) {
    out[at] = half & 0xff
    out[at + 1] = half >>> 8
    write(out, at + 2, block)
  }
  return out
}

function largest(values: Float32Array): number {
  return values.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
}
