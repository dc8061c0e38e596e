import {
  type Backend,
  type BackendInfo,
  byteLength,
  type DType,
  DTypeError,
  dtypeLayout,
  type Ops,
  type Program,
  ShapeError,
  type Tensor,
  type TypedArray,
  typedArrayOf,
} from '@mamba/core'
import { checkCopy, checkElements, RepeatedCall } from '@mamba/core/backend'
import { Context } from './context.ts'
import type { Heap } from './memory.ts'
import { withDense } from './ops/dense.ts'
import { WasmOps } from './ops/wasm-ops.ts'
import type { ThreadPool } from './threads.ts'

/** What a backend's memory is used for, in bytes. */
export interface MemoryUse {
  /** Held by tensors, and by what the threads work with. */
  readonly live: number
  /** Taken from the system; it never shrinks. */
  readonly reserved: number
  /** What it may grow to. */
  readonly limit: number
}

/** A {@link Backend} that tells how much memory it uses. */
export interface WasmBackend extends Backend {
  memoryUse(): MemoryUse
}

/** A {@link WasmBackend} over a {@link Heap} and a {@link ThreadPool}; `wasm()` makes it. */
export class HeapBackend implements WasmBackend {
  readonly name = 'wasm'
  readonly info: BackendInfo
  readonly ops: Ops
  readonly capacity: number
  readonly runsAhead = false
  readonly #context: Context
  readonly #pool: ThreadPool

  constructor(info: BackendInfo, heap: Heap, pool: ThreadPool) {
    this.info = info
    this.#pool = pool
    this.capacity = heap.limit
    this.#context = new Context(this, heap, pool)
    this.ops = new WasmOps(this.#context)
  }

  tensor(data: TypedArray, shape: readonly number[], dtype: DType): Tensor {
    checkElements('tensor', data, shape, dtype)
    const tensor = this.#context.allocate(shape, dtype)
    this.#bytes(tensor).set(bytesOf(data))
    return tensor
  }

  zeros(shape: readonly number[], dtype: DType = 'f32'): Tensor {
    return this.#context.zeros(shape, dtype)
  }

  zerosTogether(shapes: readonly (readonly number[])[]): Tensor[] {
    return shapes.map((shape) => this.zeros(shape))
  }

  // Copies before the caller can go on, so that later ops do not change what was asked for.
  async read(tensor: Tensor): Promise<TypedArray> {
    this.#context.expectAlive()
    if (tensor.isDense) return typedArrayOf(tensor.dtype, this.#bytes(tensor).slice())
    if (dtypeLayout(tensor.dtype).elements > 1) {
      throw new DTypeError(`read: a view of columns of ${tensor.dtype} cannot be read; read the whole tensor`)
    }
    const size = tensor.size * dtypeLayout(tensor.dtype).bytes
    return withDense(this.#context, tensor, (start) =>
      typedArrayOf(tensor.dtype, this.#context.heap.bytes.slice(start, start + size)),
    )
  }

  write(tensor: Tensor, data: TypedArray): void {
    this.#context.expectAlive()
    if (!tensor.isDense)
      throw new ShapeError('write: the tensor is a view of columns; expected a dense tensor')
    checkElements('write', data, tensor.shape, tensor.dtype)
    this.#bytes(tensor).set(bytesOf(data))
  }

  copy(from: Tensor, to: Tensor): void {
    this.#context.expectAlive()
    checkCopy(from, to)
    this.#bytes(to).set(this.#bytes(from))
  }

  capture<T>(fn: () => T): Program<T> {
    return new RepeatedCall(this.ops, fn)
  }

  // Ops are done when they return.
  async finish(): Promise<void> {
    this.#context.expectAlive()
  }

  memoryUse(): MemoryUse {
    const { liveBytes, bytes, limit } = this.#context.heap
    return { live: liveBytes, reserved: bytes.byteLength, limit }
  }

  destroy(): void {
    this.#pool.destroy()
    this.#context.heap.destroy()
  }

  /** The bytes of a dense tensor. */
  #bytes(tensor: Tensor): Uint8Array {
    const start = this.#context.address(tensor)
    return this.#context.heap.bytes.subarray(start, start + byteLength(tensor.dtype, tensor.shape))
  }
}

function bytesOf(data: TypedArray): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}
