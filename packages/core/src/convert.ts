import { byteLength, type DType, dtypeLayout, type TypedArray } from './dtype.ts'
import { DTypeError } from './errors.ts'

const bits = new Uint32Array(1)
const value = new Float32Array(bits.buffer)

/** The value of a float16 (IEEE 754 binary16) given as its 16 bits. */
export function f16ToF32(half: number): number {
  const magnitude = half & 0x7fff
  // Moved to float32's place the exponent is 112 too small; the product mends it, and subnormals with it.
  bits[0] = magnitude << 13
  const absolute = magnitude < 0x7c00 ? value[0]! * 2 ** 112 : magnitude === 0x7c00 ? Infinity : Number.NaN
  return half & 0x8000 ? -absolute : absolute
}

/** The 16 bits of the float16 nearest to `x`, ties to even; beyond ±65519 infinite. */
export function f32ToF16(x: number): number {
  value[0] = x
  const sign = (bits[0]! >>> 16) & 0x8000
  const magnitude = bits[0]! & 0x7fffffff
  if (magnitude > 0x7f800000) return sign | 0x7e00
  if (magnitude >= 0x477ff000) return sign | 0x7c00
  if (magnitude >= 0x38800000) {
    const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1)
    return sign | ((rounded - 0x38000000) >>> 13)
  }
  // Subnormal: adding ½ makes the hardware round at 2⁻²⁴, the last place of a float16.
  bits[0] = magnitude
  value[0] = value[0]! + 0.5
  return sign | (bits[0]! - 0x3f000000)
}

/** The value of a bfloat16 given as its 16 bits: the upper half of a float32, so exact. */
export function bf16ToF32(half: number): number {
  bits[0] = half << 16
  return value[0]!
}

/** The 16 bits of the bfloat16 nearest to `x`, ties to even. */
export function f32ToBf16(x: number): number {
  value[0] = x
  const all = bits[0]!
  if ((all & 0x7fffffff) > 0x7f800000) return (all >>> 16) | 0x40
  return (all + 0x7fff + ((all >>> 16) & 1)) >>> 16
}

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
    default:
      for (let i = 0; i < count; i++) out[i] = data[start + i]!
  }
}

function expandQ8_0(data: Uint8Array, start: number, out: Float32Array): void {
  const { elements, bytes } = dtypeLayout('q8_0')
  const signed = new Int8Array(data.buffer, data.byteOffset, data.byteLength)
  let at = (start / elements) * bytes
  for (let block = 0; block < out.length; block += elements, at += bytes) {
    const scale = f16ToF32(data[at]! | (data[at + 1]! << 8))
    for (let i = 0; i < elements; i++) out[block + i] = scale * signed[at + 2 + i]!
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
 * Rounds float32 elements to the storage of a dtype; `q8_0` by the rule of GGUF: d = max|x| / 127 as a float16,
 * q = x / d rounded half away from zero.
 * @param values whole rows, so that blocks do not cross them
 * @throws DTypeError for integer dtypes, which values are not rounded to
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
    default:
      throw new DTypeError(
        `fromFloat32: ${dtype} does not store real numbers; expected f32, f16, bf16 or q8_0`,
      )
  }
}

function quantizeQ8_0(values: Float32Array): Uint8Array {
  const { elements, bytes } = dtypeLayout('q8_0')
  const out = new Uint8Array(byteLength('q8_0', [values.length]))
  for (let block = 0, at = 0; block < values.length; block += elements, at += bytes) {
    let largest = 0
    for (let i = 0; i < elements; i++) largest = Math.max(largest, Math.abs(values[block + i]!))
    const scale = largest / 127
    const half = f32ToF16(scale)
    out[at] = half & 0xff
    out[at + 1] = half >>> 8
    for (let i = 0; i < elements; i++) {
      const quotient = scale === 0 ? 0 : values[block + i]! / scale
      out[at + 2 + i] = Math.sign(quotient) * Math.floor(Math.abs(quotient) + 0.5)
    }
  }
  return out
}
