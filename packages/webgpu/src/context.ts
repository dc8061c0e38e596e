import { type Backend, DeviceError, type DType, elementCount, Tensor } from '@mamba/core'
import { TensorScopes } from '@mamba/core/backend'
import type { Capabilities } from './device/capabilities.ts'
import { Allocation, type Binding } from './memory/allocation.ts'
import { BufferPool } from './memory/buffer-pool.ts'
import { deviceByteLength } from './memory/layout.ts'
import { GpuStorage, type Part, partsOf } from './memory/storage.ts'
import type { Node } from './ops/node.ts'
import { planNode } from './ops/plan.ts'
import type { Planner } from './planner.ts'
import type { Recording } from './program/recording.ts'
import type { Dispatch } from './queue/kernel.ts'
import { Queue } from './queue/queue.ts'

/** What ops compute with: a device, its memory and its queue, and the bookkeeping of tensors. */
export class Context implements Planner {
  readonly backend: Backend
  readonly device: GPUDevice
  readonly capabilities: Capabilities
  readonly queue: Queue
  readonly pool: BufferPool
  readonly scopes = new TensorScopes()
  /** The program that is being recorded, if one is. */
  recording: Recording | undefined
  #scratch: Allocation[] = []

  constructor(backend: Backend, device: GPUDevice, capabilities: Capabilities) {
    this.backend = backend
    this.device = device
    this.capabilities = capabilities
    this.queue = new Queue(device)
    this.pool = new BufferPool(device, (buffer) => this.queue.discard(buffer))
  }

  /**
   * A tensor whose elements are undefined and which no scope frees.
   * @throws DeviceError if it is larger than the device's buffers can be, and no matrix that could be split by rows
   */
  allocate(shape: readonly number[], dtype: DType): Tensor {
    this.queue.expectAlive()
    const parts = this.recording
      ? [{ allocation: this.recording.allocate(shape, dtype), firstRow: 0, rows: rowsOf(shape) }]
      : this.#allocateParts(shape, dtype)
    const storage = new GpuStorage(this.backend, parts, (allocation) => this.free(allocation))
    return new Tensor({ backend: this.backend, shape, dtype, storage })
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
      for (const allocation of this.#scratch.splice(0)) this.free(allocation)
    }
  }

  parts(tensor: Tensor): readonly Part[] {
    return partsOf(tensor, this.backend)
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

  /** Takes back the memory of a tensor. */
  free(allocation: Allocation): void {
    if (allocation.isPlaced()) this.pool.give(allocation.place().buffer)
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

function rowsOf(shape: readonly number[]): number {
  return elementCount(shape.slice(0, -1))
}
