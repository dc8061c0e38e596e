import { type DType, type TypedArray, weightDTypes } from './dtype.ts'
import { DTypeError } from './errors.ts'
import { f16ToF32, f32ToBf16, f32ToF16 } from './float16.ts'
import { expandQ4_0, expandQ8_0, quantizeQ4_0, quantizeQ8_0 } from './quantize.ts'

/**
 * Expands stored elements to float32.
 * @param data a tensor's storage
 * @param start first element, a multiple of the block size for quantised dtypes
 * @param out filled from its beginning to its end
 */
export function expand(dtype: DType, data: TypedArray, start: number, out: Float32Array): void {
  const count = out.length
  switch (dtype) {
    case 'f16':
      for (let i = 0; i < count; i++) out[i] = f16ToF32(data[start + i]!)
      return
    case 'bf16': {
      const outBits = new Uint32Array(out.buffer, out.byteOffset, count)
      for (let i = 0; i < count; i++) outBits[i] = data[start + i]! << 16
      return
    }
    case 'q8_0':
      expandQ8_0(data as Uint8Array, start, out)
      return
    case 'q4_0':
      expandQ4_0(data as Uint8Array, start, out)
      return
    default:
      for (let i = 0; i < count; i++) out[i] = data[start + i]!
  }
}

/** All of a dense tensor's elements as float32. */
export function toFloat32(dtype: DType, data: TypedArray, count: number): Float32Array {
  if (dtype === 'f32') return data as Float32Array
  const out = new Float32Array(count)
  expand(dtype, data, 0, out)
  return out
}

/**
 * Rounds float32 elements to the storage of a dtype, quantised ones by the rules of GGUF.
 * @param values whole rows, so that blocks do not cross them
 * @throws DTypeError for integer dtypes, which values are not rounded to, and for values that are not whole blocks
 */
export function fromFloat32(dtype: DType, values: Float32Array): TypedArray {
  switch (dtype) {
    case 'f32':
      return values.slice()
    case 'f16':
      return Uint16Array.from(values, f32ToF16)
    case 'bf16':
      return Uint16Array.from(values, f32ToBf16)
    case 'q8_0':
      return quantizeQ8_0(values)
    case 'q4_0':
      return quantizeQ4_0(values)
    default:
      throw new DTypeError(
        `fromFloat32: ${dtype} does not store real numbers; expected ${weightDTypes.join(', ')}`,
      )
  }
}
