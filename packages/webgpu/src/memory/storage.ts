import { type Backend, ShapeError, type Storage, type Tensor } from '@mamba/core'
import type { Allocation } from './allocation.ts'

/** Whole rows of a tensor that lie in one allocation. */
export interface Part {
  readonly allocation: Allocation
  /** First row of the tensor that is here. */
  readonly firstRow: number
  readonly rows: number
}

/** A tensor's elements on a device: in one allocation, or in several where it is larger than a binding can be. */
export class GpuStorage implements Storage {
  readonly owner: Backend
  #parts: readonly Part[] | undefined
  readonly #free: (allocation: Allocation) => void

  /** @param free takes the memory back */
  constructor(owner: Backend, parts: readonly Part[], free: (allocation: Allocation) => void) {
    this.owner = owner
    this.#parts = parts
    this.#free = free
  }

  get destroyed(): boolean {
    return this.#parts === undefined
  }

  /** @throws ShapeError if the tensor was destroyed */
  parts(): readonly Part[] {
    if (!this.#parts) throw new ShapeError('webgpu: the tensor was destroyed; keep it until its last use')
    return this.#parts
  }

  destroy(): void {
    for (const { allocation } of this.#parts ?? []) this.#free(allocation)
    this.#parts = undefined
  }
}

/**
 * Where a tensor's elements are.
 * @throws ShapeError if it lives on another backend, or was destroyed
 */
export function partsOf(tensor: Tensor, owner: Backend): readonly Part[] {
  const { storage, backend } = tensor
  if (storage instanceof GpuStorage && storage.owner === owner) return storage.parts()
  const other = backend.name === owner.name ? 'another webgpu backend' : `the ${backend.name} backend`
  throw new ShapeError(`webgpu: a tensor of ${other} was given to this webgpu backend`)
}
