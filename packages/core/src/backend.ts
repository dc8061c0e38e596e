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

/** What {@link Backend.capture} recorded. */
export interface Program<T> {
  /**
   * Does it once more.
   * @returns what `fn` returns; its tensors hold the new values until the next call, and belong to the program
   */
  replay(): T
  /** Frees what it made. */
  destroy(): void
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
   * Whether ops return before their work is done, so that it pays to enqueue the next steps while the results of
   * earlier ones are on their way.
   */
  readonly runsAhead: boolean

  /**
   * A tensor of the given elements.
   * @param data elements in storage order; the backend may keep it, so do not change it afterwards
   * @throws ShapeError if `data` does not hold exactly the elements of `shape`
   */
  tensor(data: TypedArray, shape: readonly number[], dtype: DType): Tensor

  /** A tensor of zeros. */
  zeros(shape: readonly number[], dtype?: DType): Tensor

  /**
   * Tensors of zeros that are used together, such as a model's state: in one piece of memory, where that is of use. Each
   * is destroyed on its own.
   */
  zerosTogether(shapes: readonly (readonly number[])[]): Tensor[]

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

  /**
   * Records what `fn` does, to do it again and again at little cost: a step of decoding, for example. `fn` is called
   * with everything that it uses in place: tensors that were made before (weights, states, ids) and `ops` on them. It
   * must do the same whenever it is called, and neither make tensors but by ops, nor read any.
   */
  capture<T>(fn: () => T): Program<T>

  /**
   * Resolves when everything that was enqueued so far is done.
   * @throws DeviceError, KernelError if some of it failed
   */
  finish(): Promise<void>

  /**
   * Goes on after the device was lost, with a new one. What was on the old one is gone: models get their weights again
   * by `model.reload()`, states come from what was saved of them. Does nothing as long as the device is there.
   * Absent where no device can be lost.
   * @throws DeviceError if there is no device any more
   */
  recover?(): Promise<void>

  /** Frees the device and everything on it. */
  destroy(): void
}
