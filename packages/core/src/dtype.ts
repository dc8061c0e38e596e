import { DTypeError, ShapeError } from './errors.ts'

/**
 * How the elements of a tensor are stored.
 *
 * The last two are block-quantised as in GGUF, 32 elements of the last axis to a block with a float16 scale d:
 * `q8_0` in 34 bytes, d and then a signed byte q for each, of value d · q; `q4_0` in 18 bytes, d and then 16 bytes,
 * byte i with element i in its lower and element i + 16 in its upper four bits, of value d · (q − 8).
 */
export type DType = 'f32' | 'f16' | 'bf16' | 'i32' | 'u32' | 'u8' | 'i8' | 'q8_0' | 'q4_0'

/** The dtypes that matrices of products and embeddings may have. */
export const weightDTypes: readonly DType[] = ['f32', 'f16', 'bf16', 'q8_0', 'q4_0']

/** The typed array that holds a tensor's storage: float16 and bfloat16 as their bits, quantised dtypes as bytes. */
export type TypedArray = Float32Array | Uint16Array | Int32Array | Uint32Array | Uint8Array | Int8Array

/** A dtype's storage unit: `elements` consecutive elements of the last axis take `bytes` bytes. */
export interface DTypeLayout {
  readonly elements: number
  readonly bytes: number
}

const layouts: Readonly<Record<DType, DTypeLayout>> = {
  f32: { elements: 1, bytes: 4 },
  f16: { elements: 1, bytes: 2 },
  bf16: { elements: 1, bytes: 2 },
  i32: { elements: 1, bytes: 4 },
  u32: { elements: 1, bytes: 4 },
  u8: { elements: 1, bytes: 1 },
  i8: { elements: 1, bytes: 1 },
  q8_0: { elements: 32, bytes: 34 },
  q4_0: { elements: 32, bytes: 18 },
}

/** The storage unit of `dtype`: one element, or one block of a quantised dtype. */
export function dtypeLayout(dtype: DType): DTypeLayout {
  return layouts[dtype]
}

/** Whether `name` is a dtype of this package. */
export function isDType(name: string): name is DType {
  return Object.hasOwn(layouts, name)
}

/** Number of elements of a tensor of `shape`; 1 for rank 0. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

/**
 * Bytes that a dense tensor of `shape` takes in `dtype`.
 * @throws ShapeError if a size is not a whole number of at least 0
 * @throws DTypeError if the last axis is not a whole number of blocks
 */
export function byteLength(dtype: DType, shape: readonly number[]): number {
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw new ShapeError(`the shape [${shape.join(', ')}] is not one; expected whole numbers, 0 or more`)
  }
  const { elements, bytes } = layouts[dtype]
  const last = shape.at(-1) ?? 1
  if (last % elements !== 0) {
    throw new DTypeError(
      `${dtype} stores blocks of ${elements} elements; the last axis of [${shape.join(', ')}] is not a multiple`,
    )
  }
  return (elementCount(shape) / elements) * bytes
}

/**
 * Views (or, where they are not aligned, copies) little-endian bytes as the storage of a dtype.
 * @returns Float32Array for f32, Uint16Array for f16 and bf16, Uint8Array for u8 and quantised dtypes, and so on
 */
export function typedArrayOf(dtype: DType, bytes: Uint8Array): TypedArray {
  // Not slice(): on a Node Buffer that is a view.
  const { buffer, byteOffset } = byteOffsetIsAligned(dtype, bytes) ? bytes : new Uint8Array(bytes)
  const length = bytes.byteLength
  switch (dtype) {
    case 'f32':
      return new Float32Array(buffer, byteOffset, length / 4)
    case 'f16':
    case 'bf16':
      return new Uint16Array(buffer, byteOffset, length / 2)
    case 'i32':
      return new Int32Array(buffer, byteOffset, length / 4)
    case 'u32':
      return new Uint32Array(buffer, byteOffset, length / 4)
    case 'i8':
      return new Int8Array(buffer, byteOffset, length)
    case 'u8':
    case 'q8_0':
    case 'q4_0':
      return new Uint8Array(buffer, byteOffset, length)
  }
}

function byteOffsetIsAligned(dtype: DType, bytes: Uint8Array): boolean {
  const { elements, bytes: size } = layouts[dtype]
  return elements > 1 || bytes.byteOffset % size === 0
}
