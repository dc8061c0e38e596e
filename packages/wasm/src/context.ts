import { type Backend, byteLength, type DType, dtypeLayout, Tensor } from '@mamba/core'
import { TensorScopes } from '@mamba/core/backend'
import { ARGUMENTS, SCRATCH, SCRATCH_BYTES } from './control.ts'
import type { Heap } from './memory.ts'
import { storageOf, WasmStorage } from './storage.ts'
import type { ThreadPool } from './threads.ts'

/** Scratch memory that each thread has at least, in bytes. */
const MIN_SCRATCH = 256 * 1024

/** What the ops compute with: memory, threads, and the bookkeeping of what they make. */
export class Context {
  readonly backend: Backend
  readonly heap: Heap
  readonly scopes = new TensorScopes()
  readonly #pool: ThreadPool
  #scratch: number | undefined

  constructor(backend: Backend, heap: Heap, pool: ThreadPool) {
    this.backend = backend
    this.heap = heap
    this.#pool = pool
    this.#reserveScratch(MIN_SCRATCH)
  }

  /** Threads that work on a job, the calling one included. */
  get threads(): number {
    return this.#pool.threads
  }

  /**
   * The result of an op: a tensor of the innermost scope that `compute` fills, given its address. If it throws, the
   * tensor is freed.
   */
  result(shape: readonly number[], compute: (address: number) => void, dtype: DType = 'f32'): Tensor {
    const tensor = this.allocate(shape, dtype)
    try {
      compute(this.address(tensor))
    } catch (error) {
      tensor.destroy()
      throw error
    }
    return this.scopes.track(tensor)
  }

  /** A tensor whose elements are undefined and which no scope frees. */
  allocate(shape: readonly number[], dtype: DType): Tensor {
    this.#pool.expectAlive()
    return this.#tensor(shape, dtype, this.heap.allocate(byteLength(dtype, shape)))
  }

  /** A tensor of zeros that no scope frees. */
  zeros(shape: readonly number[], dtype: DType): Tensor {
    this.#pool.expectAlive()
    return this.#tensor(shape, dtype, this.heap.allocateZeros(byteLength(dtype, shape)))
  }

  /**
   * Address of a tensor's first element, a view's offset included.
   * @throws ShapeError if the tensor lives on another backend or was destroyed
   */
  address(tensor: Tensor): number {
    const { elements, bytes } = dtypeLayout(tensor.dtype)
    return storageOf(tensor, this.heap).address + (tensor.offset / elements) * bytes
  }

  /** As {@link address}; 0, which is the address of no tensor, for a tensor that is not given. */
  optionalAddress(tensor: Tensor | undefined): number {
    return tensor ? this.address(tensor) : 0
  }

  /** Bytes from the start of a tensor's row (last axis) to the start of the next. */
  rowBytes(tensor: Tensor): number {
    const { elements, bytes } = dtypeLayout(tensor.dtype)
    return (tensor.rowStride / elements) * bytes
  }

  /** `count` float32 from `address` on, in place; of no use any more after the next allocation. */
  floats(address: number, count: number): Float32Array {
    return this.heap.floats.subarray(address / 4, address / 4 + count)
  }

  /** As {@link floats}, of int32. */
  ints(address: number, count: number): Int32Array {
    return new Int32Array(this.heap.bytes.buffer, address, count)
  }

  /** Lends memory whose contents are undefined to `use`, for what several threads share within an op. */
  temporary<T>(bytes: number, use: (address: number) => T): T {
    const address = this.heap.allocate(bytes)
    try {
      return use(address)
    } finally {
      this.heap.free(address)
    }
  }

  /**
   * Runs a kernel on tiles 0 to `tiles` − 1, on all threads, and returns when they are finished.
   * @param kernel an id of `kernels.ts`
   * @param words the kernel's arguments, at most 128: addresses, counts and, by {@link floatBits}, float32
   * @param scratchBytes what the kernel needs of each thread's scratch memory, if that is more than 256 KiB
   * @throws DeviceError if the backend was destroyed or a worker died
   */
  run(kernel: number, words: readonly number[], tiles: number, scratchBytes = MIN_SCRATCH): void {
    this.#pool.expectAlive()
    this.#reserveScratch(scratchBytes)
    this.heap.words.set(words, ARGUMENTS / 4)
    this.#pool.run(kernel, ARGUMENTS, tiles)
  }

  /** @throws DeviceError if the backend was destroyed or a worker died */
  expectAlive(): void {
    this.#pool.expectAlive()
  }

  #tensor(shape: readonly number[], dtype: DType, address: number): Tensor {
    return new Tensor({ backend: this.backend, shape, dtype, storage: new WasmStorage(this.heap, address) })
  }

  #reserveScratch(bytes: number): void {
    if (this.#scratch !== undefined && this.heap.words[SCRATCH_BYTES / 4]! >= bytes) return
    const rounded = Math.ceil(bytes / 64) * 64
    const address = this.heap.allocate(rounded * this.#pool.threads)
    if (this.#scratch !== undefined) this.heap.free(this.#scratch)
    this.#scratch = address
    this.heap.words[SCRATCH / 4] = address
    this.heap.words[SCRATCH_BYTES / 4] = rounded
  }
}

const float = new Float32Array(1)
const bits = new Uint32Array(float.buffer)

/** The 32 bits of a float32, as a word of a kernel's arguments. */
export function floatBits(value: number): number {
  float[0] = value
  return bits[0]!
}
