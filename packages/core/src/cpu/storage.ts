import type { TypedArray } from '../dtype.ts'
import { ShapeError } from '../errors.ts'
import type { Storage, Tensor } from '../tensor.ts'

/** A tensor's elements in a typed array. */
export class CpuStorage implements Storage {
  #data: TypedArray | undefined

  constructor(data: TypedArray) {
    this.#data = data
  }

  get destroyed(): boolean {
    return this.#data === undefined
  }

  /** @throws ShapeError if the tensor was destroyed */
  get data(): TypedArray {
    if (this.#data === undefined)
      throw new ShapeError('cpu: the tensor was destroyed; keep it until its last use')
    return this.#data
  }

  destroy(): void {
    this.#data = undefined
  }
}

/**
 * The typed array behind a tensor.
 * @throws ShapeError if the tensor lives on another backend or was destroyed
 */
export function dataOf(tensor: Tensor): TypedArray {
  if (!(tensor.storage instanceof CpuStorage)) {
    throw new ShapeError(`cpu: a tensor of the ${tensor.backend.name} backend was given to the cpu backend`)
  }
  return tensor.storage.data
}

/** The elements of an f32 tensor, dense and row-major; a view of columns is copied. */
export function denseF32(tensor: Tensor): Float32Array {
  return dense(tensor) as Float32Array
}

/** The elements of a tensor without blocks, dense and row-major; a view of columns is copied. */
export function dense(tensor: Tensor): TypedArray {
  const data = dataOf(tensor)
  if (tensor.isDense) return data
  const { rowCount, columnCount, rowStride, offset } = tensor
  const out = data.slice(0, rowCount * columnCount)
  for (let row = 0; row < rowCount; row++) {
    const start = offset + row * rowStride
    out.set(data.subarray(start, start + columnCount), row * columnCount)
  }
  return out
}
