import type { DType, TypedArray } from './dtype.ts'
import type { Ops } from './ops/ops.ts'
import type { Tensor } from './tensor.ts'

/** What a backend runs on, for people to read. */
export interface BackendInfo {
  /** The device, such as `JavaScript, 1 thread` or the name of a graphics card. */
  readonly device: string
  /** What a user should know, such as why it is slower than it could be. */
  readonly notes: readonly string[]
}

/** A place where tensors live and ops run. */
export interface Backend {
  /** `cpu`, `wasm` or `webgpu`. */
  readonly name: string
  readonly info: BackendInfo
  readonly ops: Ops
  /** Bytes that tensors can take at most; Infinity if only the machine's memory limits them. */
  readonly capacity: number

  /**
   * A tensor of the given elements.
   * @param data elements in storage order; the backend may keep it, so do not change it afterwards
   * @throws ShapeError if `data` does not hold exactly the elements of `shape`
   */
  tensor(data: TypedArray, shape: readonly number[], dtype: DType): Tensor

  /** A tensor of zeros. */
  zeros(shape: readonly number[], dtype?: DType): Tensor

  /** Copies a tensor's elements out: dense, row-major, in storage order. */
  read(tensor: Tensor): Promise<TypedArray>

  /**
   * Overwrites all elements of a dense tensor.
   * @throws ShapeError if `data` does not hold exactly the tensor's elements
   */
  write(tensor: Tensor, data: TypedArray): void

  /**
   * Copies the elements of `from` over those of `to`, on the device.
   * @throws ShapeError if they differ in shape or dtype, or are not dense
   */
  copy(from: Tensor, to: Tensor): void

  /** Frees the device and everything on it. */
  destroy(): void
}
