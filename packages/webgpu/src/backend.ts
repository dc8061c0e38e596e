import {
  type Backend,
  type BackendInfo,
  DeviceError,
  type DType,
  DTypeError,
  dtypeLayout,
  type Ops,
  type Program,
  ShapeError,
  type Tensor,
  type TypedArray,
} from '@mamba/core'
import { checkCopy, checkElements } from '@mamba/core/backend'
import { Context } from './context.ts'
import type { Capabilities } from './device/capabilities.ts'
import { fromDevice, toDevice } from './memory/layout.ts'
import { WebGpuOps } from './ops/webgpu-ops.ts'
import { capture } from './program/capture.ts'

/** What a backend's memory is used for, in bytes. */
export interface MemoryUse {
  /** Held by tensors. */
  readonly live: number
  /** Held on the device: live, and buffers that are kept to be used again. */
  readonly reserved: number
}

/** A {@link Backend} on a graphics card. */
export interface WebGpuBackend extends Backend {
  readonly device: GPUDevice
  memoryUse(): MemoryUse
}

/** What {@link DeviceBackend} is made of; `webgpu()` makes it. */
export interface DeviceBackendInit {
  readonly info: BackendInfo
  readonly device: GPUDevice
  /** Whether the device ends with the backend. */
  readonly isOwner: boolean
  readonly capabilities: Capabilities
}

/** A {@link WebGpuBackend} on a device. */
export class DeviceBackend implements WebGpuBackend {
  readonly name = 'webgpu'
  readonly info: BackendInfo
  readonly ops: Ops
  readonly capacity = Number.POSITIVE_INFINITY
  readonly device: GPUDevice
  readonly #context: Context
  readonly #isOwner: boolean

  constructor({ info, device, isOwner, capabilities }: DeviceBackendInit) {
    this.info = info
    this.device = device
    this.#isOwner = isOwner
    this.#context = new Context(this, device, capabilities)
    this.ops = new WebGpuOps(this.#context)
    device.lost.then(({ message, reason }) => {
      this.#context.queue.fail(new DeviceError(`webgpu: the device was lost (${reason}): ${message}`))
    })
    device.addEventListener('uncapturederror', ({ error }) => {
      this.#context.queue.fail(new DeviceError(`webgpu: ${error.message}`))
    })
  }

  tensor(data: TypedArray, shape: readonly number[], dtype: DType): Tensor {
    checkElements('tensor', data, shape, dtype)
    const tensor = this.#context.allocate(shape, dtype)
    this.#upload(tensor, data)
    return tensor
  }

  zeros(shape: readonly number[], dtype: DType = 'f32'): Tensor {
    const tensor = this.#context.allocate(shape, dtype)
    for (const { allocation } of this.#context.parts(tensor)) this.#context.queue.clear(allocation)
    return tensor
  }

  async read(tensor: Tensor): Promise<TypedArray> {
    this.#context.queue.expectAlive()
    if (!tensor.isDense) return this.#readView(tensor)
    const { queue } = this.#context
    const parts = this.#context.parts(tensor)
    const columns = tensor.columnCount
    const arrays = await Promise.all(
      parts.map(async ({ allocation, rows }) =>
        fromDevice(
          tensor.dtype,
          parts.length > 1 ? [rows, columns] : tensor.shape,
          await queue.read(allocation),
        ),
      ),
    )
    return arrays.length === 1 ? arrays[0]! : joined(arrays)
  }

  write(tensor: Tensor, data: TypedArray): void {
    this.#context.queue.expectAlive()
    if (!tensor.isDense) {
      throw new ShapeError('write: the tensor is a view of columns; expected a dense tensor')
    }
    checkElements('write', data, tensor.shape, tensor.dtype)
    // A copy, as the caller may change the array before it is on its way.
    this.#upload(tensor, data.slice())
  }

  copy(from: Tensor, to: Tensor): void {
    checkCopy(from, to)
    this.#context.run({ op: 'copy', from, to })
  }

  capture<T>(fn: () => T): Program<T> {
    return capture(this.#context, fn)
  }

  finish(): Promise<void> {
    return this.#context.queue.finish()
  }

  memoryUse(): MemoryUse {
    const { pool } = this.#context
    return { live: pool.liveBytes(), reserved: pool.reservedBytes() }
  }

  destroy(): void {
    this.#context.queue.fail(
      new DeviceError('webgpu: the backend was destroyed; make a new one with webgpu()'),
    )
    if (this.#isOwner) this.device.destroy()
  }

  #upload(tensor: Tensor, data: TypedArray): void {
    const { elements } = dtypeLayout(tensor.dtype)
    const parts = this.#context.parts(tensor)
    const rowLength = elements > 1 ? data.length / tensor.rowCount : tensor.columnCount
    for (const { allocation, firstRow, rows } of parts) {
      const own = parts.length > 1 ? data.subarray(firstRow * rowLength, (firstRow + rows) * rowLength) : data
      this.#context.queue.write(allocation, toDevice(tensor.dtype, own))
    }
  }

  async #readView(tensor: Tensor): Promise<TypedArray> {
    if (dtypeLayout(tensor.dtype).bytes !== 4) {
      throw new DTypeError(`read: a view of columns of ${tensor.dtype} cannot be read; read the whole tensor`)
    }
    const dense = this.#context.allocate(tensor.shape, tensor.dtype)
    try {
      this.#context.run({ op: 'copy', from: tensor, to: dense })
      return await this.read(dense)
    } finally {
      dense.destroy()
    }
  }
}

function joined(arrays: readonly TypedArray[]): TypedArray {
  const length = arrays.reduce((sum, array) => sum + array.length, 0)
  const whole = new (arrays[0]!.constructor as new (length: number) => TypedArray)(length)
  let offset = 0
  for (const array of arrays) {
    whole.set(array, offset)
    offset += array.length
  }
  return whole
}
