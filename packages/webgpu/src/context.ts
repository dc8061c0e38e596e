import { type Backend, DeviceError, type DType, elementCount, Tensor } from '@mamba/core'
import { TensorScopes } from '@mamba/core/backend'
import type { Capabilities } from './device/capabilities.ts'
import { Faults } from './device/faults.ts'
import { Allocation, type Binding } from './memory/allocation.ts'
import { BufferPool } from './memory/buffer-pool.ts'
import { deviceByteLength } from './memory/layout.ts'
import { GpuStorage, type Part, partsOf, type StorageOwner } from './memory/storage.ts'
import type { Node } from './ops/node.ts'
import { planNode } from './ops/plan.ts'
import type { Planner } from './planner.ts'
import type { Recording } from './program/recording.ts'
import type { Dispatch, Kernel } from './queue/kernel.ts'
import { Queue } from './queue/queue.ts'

/** What ops compute with: a device, its memory and its queue, and the bookkeeping of tensors. */
export class Context implements Planner, StorageOwner {
  readonly backend: Backend
  readonly device: GPUDevice
  readonly capabilities: Capabilities
  readonly faults: Faults
  readonly queue: Queue
  readonly pool: BufferPool
  readonly scopes = new TensorScopes()
  /** Whether whole steps may still be tried: none has failed here. */
  allowsWholeSteps: boolean
  /** Kernels that were tried, and worked. */
  readonly rehearsed = new Set<Kernel>()
  /** The program that is being recorded, if one is. */
  recording: Recording | undefined
  #scratch: Allocation[] = []

  constructor(backend: Backend, device: GPUDevice, capabilities: Capabilities) {
    this.backend = backend
    this.device = device
    this.capabilities = capabilities
    this.allowsWholeSteps = capabilities.concurrentWorkgroups > 0
    this.faults = new Faults(device, () => {
      this.pool.trim()
      this.queue.flush()
    })
    const { faults } = this
    this.queue = new Queue(device, faults)
    this.pool = new BufferPool({ device, faults, discard: (buffer) => this.queue.discard(buffer) })
  }

  isLost(): boolean {
    return this.queue.failure !== undefined
  }

  /**
   * A tensor whose elements are undefined and which no scope frees.
   * @throws DeviceError if it is larger than the device's buffers can be, and no matrix that could be split by rows
   */
  allocate(shape: readonly number[], dtype: DType): Tensor {
    this.queue.expectAlive()
    const storage =
      this.recording?.allocate(this, shape, dtype) ??
      new GpuStorage(this, this.#allocateParts(shape, dtype), (allocation) => this.#free(allocation))
    return new Tensor({ backend: this.backend, shape, dtype, storage })
  }

  /** f32 tensors whose elements are undefined, in one buffer, which is free again when all of them are destroyed. */
  allocateTogether(shapes: readonly (readonly number[])[]): Tensor[] {
    this.queue.expectAlive()
    const sizes = shapes.map((shape) => deviceByteLength('f32', rowsOf(shape), shape.at(-1) ?? 1))
    const offsets = offsetsOf(sizes)
    const total = (offsets.at(-1) ?? 0) + (sizes.at(-1) ?? 0)
    if (total > this.capabilities.maxBindingBytes) return shapes.map((shape) => this.allocate(shape, 'f32'))
    const buffer = this.pool.take(total)
    let left = shapes.length
    const free = () => {
      left--
      if (left === 0) this.pool.give(buffer)
    }
    return shapes.map((shape, i) => {
      const allocation = new Allocation(sizes[i]!, { buffer, offset: offsets[i]! })
      const storage = new GpuStorage(this, [{ allocation, firstRow: 0, rows: rowsOf(shape) }], free)
      return new Tensor({ backend: this.backend, shape, dtype: 'f32', storage })
    })
  }

  /** Plans a node and enqueues its kernels; or notes it, if a program is being recorded. */
  run(node: Node): void {
    this.queue.expectAlive()
    if (this.recording) {
      this.recording.add(node)
      return
    }
    try {
      planNode(this, node)
    } finally {
      for (const allocation of this.#scratch.splice(0)) this.#free(allocation)
    }
  }

  parts(tensor: Tensor): readonly Part[] {
    const parts = partsOf(tensor, this)
    for (const { allocation } of parts) {
      const missing = this.faults.missing(allocation.place().buffer)
      if (missing) throw missing
    }
    return parts
  }

  binding(tensor: Tensor): Binding {
    const [part, ...others] = this.parts(tensor)
    if (others.length > 0 || !part) {
      throw new DeviceError(
        `webgpu: [${tensor.shape.join(', ')}] is larger than a binding of this device, ` +
          `${this.capabilities.maxBindingBytes} bytes; only matrices of weights can be`,
      )
    }
    return { allocation: part.allocation }
  }

  scratch(byteLength: number): Allocation {
    const allocation = this.#place(Math.ceil(byteLength / 4) * 4)
    this.#scratch.push(allocation)
    return allocation
  }

  dispatch(dispatch: Dispatch): void {
    this.queue.dispatch(dispatch)
  }

  #free(allocation: Allocation): void {
    this.pool.give(allocation.place().buffer)
  }

  #allocateParts(shape: readonly number[], dtype: DType): Part[] {
    const columns = shape.at(-1) ?? 1
    const rows = rowsOf(shape)
    const { maxBindingBytes } = this.capabilities
    if (deviceByteLength(dtype, rows, columns) <= maxBindingBytes) {
      return [{ allocation: this.#place(deviceByteLength(dtype, rows, columns)), firstRow: 0, rows }]
    }
    // Even, so that rows of two-byte elements end in whole words.
    const most = 2 * Math.floor(maxBindingBytes / deviceByteLength(dtype, 2, columns))
    if (shape.length !== 2 || most === 0) {
      throw new DeviceError(
        `webgpu: a tensor [${shape.join(', ')}] of ${dtype} takes ${deviceByteLength(dtype, rows, columns)} bytes; ` +
          `this device allows ${maxBindingBytes} (maxStorageBufferBindingSize); use shorter chunks or smaller batches`,
      )
    }
    const parts: Part[] = []
    for (let firstRow = 0; firstRow < rows; firstRow += most) {
      const own = Math.min(most, rows - firstRow)
      parts.push({ allocation: this.#place(deviceByteLength(dtype, own, columns)), firstRow, rows: own })
    }
    return parts
  }

  #place(byteLength: number): Allocation {
    return new Allocation(byteLength, { buffer: this.pool.take(byteLength), offset: 0 })
  }
}

/** Where ranges of these sizes begin, one after the other, at multiples of what bindings begin at. */
function offsetsOf(sizes: readonly number[]): number[] {
  let end = 0
  return sizes.map((size) => {
    const offset = end
    end += Math.ceil(size / 256) * 256
    return offset
  })
}

function rowsOf(shape: readonly number[]): number {
  return elementCount(shape.slice(0, -1))
}
