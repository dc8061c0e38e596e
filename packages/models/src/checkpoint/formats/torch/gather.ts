import type { TorchTensor } from './tensors.ts'

/** Whether the elements of a tensor lie in its storage in row-major order, without gaps. */
export function isContiguous({ shape, strides, count }: TorchTensor): boolean {
  if (count === 0) return true
  let expected = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    // The stride of an axis of size 1 is never used.
    if (shape[axis]! === 1) continue
    if (strides[axis] !== expected) return false
    expected *= shape[axis]!
  }
  return true
}

/**
 * Packs a strided tensor: a transposed one, or one that is a part of a larger one.
 * @param covered bytes of the storage from the tensor's first element to its last
 * @returns the elements, dense and row-major
 */
export function gather(covered: Uint8Array, { shape, strides, count, storage }: TorchTensor): Uint8Array {
  const { size } = storage.type
  const packed = new Uint8Array(count * size)
  const index = shape.map(() => 0)
  let from = 0
  for (let to = 0; to < packed.byteLength; to += size) {
    for (let byte = 0; byte < size; byte++) packed[to + byte] = covered[from * size + byte]!
    // Count up like an odometer, the last axis first.
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!
      if (++index[axis]! < shape[axis]!) break
      from -= index[axis]! * strides[axis]!
      index[axis] = 0
    }
  }
  return packed
}
