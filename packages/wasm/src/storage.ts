import { ShapeError, type Storage, type Tensor } from '@mamba/core'
import type { Heap } from './memory.ts'

/** A tensor's elements in a {@link Heap}. */
export class WasmStorage implements Storage {
  readonly heap: Heap
  #address: number | undefined

  constructor(heap: Heap, address: number) {
    this.heap = heap
    this.#address = address
  }

  get destroyed(): boolean {
    return this.#address === undefined
  }

  /** Of the first byte. @throws ShapeError if the tensor was destroyed */
  get address(): number {
    if (this.#address === undefined)
      throw new ShapeError('wasm: the tensor was destroyed; keep it until its last use')
    return this.#address
  }

  destroy(): void {
    if (this.#address !== undefined) this.heap.free(this.#address)
    this.#address = undefined
  }
}

/**
 * The storage of a tensor of this backend.
 * @throws ShapeError if the tensor lives on another backend
 */
export function storageOf(tensor: Tensor, heap: Heap): WasmStorage {
  const { storage, backend } = tensor
  if (storage instanceof WasmStorage && storage.heap === heap) return storage
  const owner = backend.name === 'wasm' ? 'another wasm backend' : `the ${backend.name} backend`
  throw new ShapeError(`wasm: a tensor of ${owner} was given to this wasm backend`)
}
