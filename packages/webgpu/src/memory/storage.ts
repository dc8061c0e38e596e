import { type Backend, DeviceError, ShapeError, type Storage, type Tensor } from '@mamba/core'
import type { Allocation } from './allocation.ts'

/** A backend, as long as it is on one device: after a loss it goes on on another. */
export interface StorageOwner {
  readonly backend: Backend
  /** Whether the device is gone, and everything on it. */
  isLost(): boolean
}

/** Whole rows of a tensor that lie in one allocation. */
export interface Part {
  readonly allocation: Allocation
  /** First row of the tensor that is here. */
  readonly firstRow: number
  readonly rows: number
}

/** A tensor's elements on a device: in one allocation, or in several where it is larger than a binding can be. */
export class GpuStorage implements Storage {
  readonly owner: StorageOwner
  #parts: readonly Part[] | undefined
  readonly #free: ((allocation: Allocation) => void) | undefined

  /** @param free takes the memory back; none if it belongs to a program */
  constructor(owner: StorageOwner, parts: readonly Part[], free?: (allocation: Allocation) => void) {
    this.owner = owner
    this.#parts = parts
    this.#free = free
  }

  get destroyed(): boolean {
    return this.#parts === undefined || this.owner.isLost()
  }

  /** @throws ShapeError if the tensor was destroyed */
  parts(): readonly Part[] {
    if (!this.#parts) throw new ShapeError('webgpu: the tensor was destroyed; keep it until its last use')
    return this.#parts
  }

  destroy(): void {
    for (const { allocation } of this.#parts ?? []) this.#free?.(allocation)
    this.#parts = undefined
  }
}

/**
 * Where a tensor's elements are.
 * @throws ShapeError if it lives on another backend, or was destroyed
 * @throws DeviceError if it lived on a device that was lost
 */
export function partsOf(tensor: Tensor, owner: StorageOwner): readonly Part[] {
  const { storage, backend } = tensor
  if (storage instanceof GpuStorage && storage.owner === owner) return storage.parts()
  if (backend === owner.backend) {
    throw new DeviceError(
      'webgpu: the tensor lived on a device that was lost; load it again: model.reload() for weights, ' +
        'model.loadState(bytes) for a state',
    )
  }
  const other = backend.name === owner.backend.name ? 'another webgpu backend' : `the ${backend.name} backend`
  throw new ShapeError(`webgpu: a tensor of ${other} was given to this webgpu backend`)
}
