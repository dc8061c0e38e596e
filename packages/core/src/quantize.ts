import { byteLength, type DType, dtypeLayout } from './dtype.ts'
import { f16ToF32, f32ToF16 } from './float16.ts'

/*
 * The block formats of GGUF: 32 elements with one float16 scale d, little-endian, and then their integers.
 */

const blockSize = 32

/** Expands `q8_0`: d · q, q a signed byte. */
export function expandQ8_0(data: Uint8Array, start: number, out: Float32Array): void {
  const { bytes } = dtypeLayout('q8_0')
  const signed = new Int8Array(data.buffer, data.byteOffset, data.byteLength)
  let at = (start / blockSize) * bytes
  for (let block = 0; block < out.length; block += blockSize, at += bytes) {
    const scale = scaleAt(data, at)
    for (let i = 0; i < blockSize; i++) out[block + i] = scale * signed[at + 2 + i]!
  }
}

/** Expands `q4_0`: d · (q − 8), q four bits; byte i holds elements i and i + 16. */
export function expandQ4_0(data: Uint8Array, start: number, out: Float32Array): void {
  const { bytes } = dtypeLayout('q4_0')
  const half = blockSize / 2
  let at = (start / blockSize) * bytes
  for (let block = 0; block < out.length; block += blockSize, at += bytes) {
    const scale = scaleAt(data, at)
    for (let i = 0; i < half; i++) {
      const pair = data[at + 2 + i]!
      out[block + i] = scale * ((pair & 15) - 8)
      out[block + half + i] = scale * ((pair >>> 4) - 8)
    }
  }
}

/** Rounds to `q8_0`: d = max|x| / 127, q = x / d rounded half away from zero. */
export function quantizeQ8_0(values: Float32Array): Uint8Array {
  return quantize('q8_0', values, (out, at, block) => {
    const scale = block.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0) / 127
    for (let i = 0; i < blockSize; i++) {
      const quotient = scale === 0 ? 0 : block[i]! / scale
      out[at + 2 + i] = Math.sign(quotient) * Math.floor(Math.abs(quotient) + 0.5)
    }
    return scale
  })
}

/**
 * Rounds to `q4_0`: d = the value that is farthest from 0, with its sign, / −8, so that it becomes q = 0 exactly;
 * q = min(15, ⌊x / d + 8.5⌋).
 */
export function quantizeQ4_0(values: Float32Array): Uint8Array {
  return quantize('q4_0', values, (out, at, block) => {
    const farthest = block.reduce((best, x) => (Math.abs(x) > Math.abs(best) ? x : best), 0)
    const scale = farthest / -8
    const level = (x: number) => (scale === 0 ? 8 : Math.min(15, Math.floor(x / scale + 8.5)))
    const half = blockSize / 2
    for (let i = 0; i < half; i++) out[at + 2 + i] = level(block[i]!) | (level(block[half + i]!) << 4)
    return scale
  })
}

/** @param write fills a block's integers, and returns its scale before that is rounded to float16 */
function quantize(
  dtype: DType,
  values: Float32Array,
  write: (out: Uint8Array, at: number, block: Float32Array) => number,
): Uint8Array {
  const { bytes } = dtypeLayout(dtype)
  const out = new Uint8Array(byteLength(dtype, [values.length]))
  for (let start = 0, at = 0; start < values.length; start += blockSize, at += bytes) {
    const half = f32ToF16(write(out, at, values.subarray(start, start + blockSize)))
    out[at] = half & 0xff
    out[at + 1] = half >>> 8
  }
  return out
}

function scaleAt(data: Uint8Array, at: number): number {
  return f16ToF32(data[at]! | (data[at + 1]! << 8))
}
