import { byteLength, type DType, dtypeLayout, type TypedArray, typedArrayOf } from '@mamba/core'

/*
 * How tensors lie in buffers. Plain dtypes lie there as they are stored, padded to whole words of 32 bits. Blocks of
 * quantised dtypes are 34 or 18 bytes, which no word divides: their quants come first, block after block, and then the
 * float16 scales of all blocks, two in a word.
 */

/** Bytes that `rows` rows of `columns` elements take on the device: a multiple of 4. */
export function deviceByteLength(dtype: DType, rows: number, columns: number): number {
  return Math.ceil(byteLength(dtype, [rows, columns]) / 4) * 4
}

/** Words of a block's quants. */
function quantWords(dtype: 'q8_0' | 'q4_0'): number {
  return (dtypeLayout(dtype).bytes - 2) / 4
}

/** Word in which the scales begin, after the quants of that many blocks. */
export function scaleStart(dtype: 'q8_0' | 'q4_0', blocks: number): number {
  return quantWords(dtype) * blocks
}

/** The bytes of elements as they lie on the device; a copy only where they lie differently. */
export function toDevice(dtype: DType, data: TypedArray): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength)
  if (dtypeLayout(dtype).elements > 1) return separated(dtype, bytes)
  if (bytes.length % 4 === 0) return bytes
  const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4)
  padded.set(bytes)
  return padded
}

/** The elements of bytes that came from the device. */
export function fromDevice(dtype: DType, shape: readonly number[], device: ArrayBuffer): TypedArray {
  const bytes = new Uint8Array(device)
  const stored = dtypeLayout(dtype).elements > 1 ? joined(dtype, bytes) : bytes
  return typedArrayOf(dtype, stored.subarray(0, byteLength(dtype, shape)))
}

function separated(dtype: DType, stored: Uint8Array): Uint8Array<ArrayBuffer> {
  const { bytes } = dtypeLayout(dtype)
  const quants = bytes - 2
  const blocks = stored.length / bytes
  const device = new Uint8Array(Math.ceil(stored.length / 4) * 4)
  for (let block = 0; block < blocks; block++) {
    const start = block * bytes
    device.set(stored.subarray(start, start + 2), blocks * quants + 2 * block)
    device.set(stored.subarray(start + 2, start + bytes), block * quants)
  }
  return device
}

function joined(dtype: DType, device: Uint8Array): Uint8Array {
  const { bytes } = dtypeLayout(dtype)
  const quants = bytes - 2
  // Padding is less than a block.
  const blocks = Math.floor(device.length / bytes)
  const stored = new Uint8Array(blocks * bytes)
  for (let block = 0; block < blocks; block++) {
    const start = block * bytes
    stored.set(device.subarray(blocks * quants + 2 * block, blocks * quants + 2 * block + 2), start)
    stored.set(device.subarray(block * quants, (block + 1) * quants), start + 2)
  }
  return stored
}
