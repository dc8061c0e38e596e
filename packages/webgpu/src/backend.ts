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
import { isSoftware } from './device/request.ts'
import { fromDevice, toDevice } from './memory/layout.ts'
import { WebGpuOps } from './ops/webgpu-ops.ts'
import { measureBandwidth } from './profile/bandwidth.ts'
import { profile } from './profile/profile.ts'
import { capture } from './program/capture.ts'
import type { KernelTime } from './queue/timestamps.ts'

/** What a backend's memory is used for, in bytes. */
export interface MemoryUse {
  /** Held by tensors. */
  readonly live: number
  /** Held on the device: live, and buffers that are kept to be used again. */
  readonly reserved: number
}

/** A {@link Backend} on a graphics card. */
export interface WebGpuBackend extends Backend {
  /** Another one after {@link recover}. */
  readonly device: GPUDevice
  memoryUse(): MemoryUse
  recover(): Promise<void>
  /**
   * Measures what the device does while `fn` runs, and until it is done with what `fn` enqueued: the time of each
   * kernel, the longest first. Every dispatch becomes a pass of its own, so that the whole takes longer than without.
   * Browsers round the times, some to 0.1 ms.
   * @throws DeviceError if the device has no timestamps, or is being measured already
   */
  profile(fn: () => unknown): Promise<readonly KernelTime[]>
  /**
   * Bytes a second that the device reads and writes when it only copies, to compare kernels with.
   * @throws as {@link profile}
   */
  measureBandwidth(): Promise<number>
}

/** A device, and what is known of it. */
export interface DeviceInUse {
  readonly device: GPUDevice
  readonly info: BackendInfo
  readonly capabilities: Capabilities
}

/** A {@link WebGpuBackend} on a device, and after its loss on another. */
export class DeviceBackend implements WebGpuBackend {
  readonly name = 'webgpu'
  readonly ops: Ops
  readonly capacity = Number.POSITIVE_INFINITY
  readonly runsAhead = true
  info: BackendInfo
  device: GPUDevice
  #context: Context
  readonly #request: (() => Promise<DeviceInUse>) | undefined
  #recovering: Promise<void> | undefined
  #isDestroyed = false

  /** @param request gives devices, which then end with the backend; none: the device is the caller's to keep */
  constructor(inUse: DeviceInUse, request?: () => Promise<DeviceInUse>) {
    this.info = inUse.info
    this.device = inUse.device
    this.#request = request
    this.#context = this.#contextOn(inUse)
    this.ops = new WebGpuOps(() => this.#context)
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

  zerosTogether(shapes: readonly (readonly number[])[]): Tensor[] {
    const tensors = this.#context.allocateTogether(shapes)
    for (const tensor of tensors) {
      for (const { allocation } of this.#context.parts(tensor)) this.#context.queue.clear(allocation)
    }
    return tensors
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
    this.#upload(tensor, data, { mayChange: true })
  }

  copy(from: Tensor, to: Tensor): void {
    checkCopy(from, to)
    this.#context.run({ op: 'copy', from, to })
  }

  capture<T>(fn: () => T): Program<T> {
    this.#context.queue.expectAlive()
    return capture(this.#context, fn)
  }

  finish(): Promise<void> {
    return this.#context.queue.finish()
  }

  memoryUse(): MemoryUse {
    const { pool } = this.#context
    return { live: pool.liveBytes(), reserved: pool.reservedBytes() }
  }

  profile(fn: () => unknown): Promise<readonly KernelTime[]> {
    return profile(this.device, this.#context.queue, fn)
  }

  measureBandwidth(): Promise<number> {
    return measureBandwidth(this.#context, isSoftware(this.device.adapterInfo))
  }

  recover(): Promise<void> {
    this.#recovering ??= this.#recover().finally(() => {
      this.#recovering = undefined
    })
    return this.#recovering
  }

  destroy(): void {
    if (this.#isDestroyed) return
    this.#isDestroyed = true
    this.#context.queue.fail(destroyed())
    if (this.#request) this.device.destroy()
  }

  async #recover(): Promise<void> {
    if (this.#isDestroyed) throw destroyed()
    // A loss is known to the device before the end of its work is, and here not before that.
    await this.device.queue.onSubmittedWorkDone().catch(() => {})
    if (!this.#context.isLost()) return
    if (!this.#request) {
      throw new DeviceError(
        'webgpu: the device that was lost was given to webgpu(); make a new backend, with another device',
        { cause: this.#context.queue.failure },
      )
    }
    const inUse = await this.#request()
    if (this.#isDestroyed) {
      inUse.device.destroy()
      throw destroyed()
    }
    this.info = inUse.info
    this.device = inUse.device
    this.#context = this.#contextOn(inUse)
  }

  #contextOn({ device, capabilities }: DeviceInUse): Context {
    const context = new Context(this, device, capabilities)
    device.lost.then((cause) => {
      const { reason, message } = cause
      const next = this.#request
        ? 'call backend.recover(), then model.reload()'
        : 'make a new backend, with another device'
      const text = `webgpu: the device was lost (${reason}): ${message.replace(/[.\s]+$/, '')}; ${next}`
      context.queue.fail(new DeviceError(text, { cause }))
    })
    return context
  }

  #upload(tensor: Tensor, data: TypedArray, { mayChange = false } = {}): void {
    const { elements } = dtypeLayout(tensor.dtype)
    const parts = this.#context.parts(tensor)
    const rowLength = elements > 1 ? data.length / tensor.rowCount : tensor.columnCount
    for (const { allocation, firstRow, rows } of parts) {
      const own = parts.length > 1 ? data.subarray(firstRow * rowLength, (firstRow + rows) * rowLength) : data
      const bytes = toDevice(tensor.dtype, own)
      this.#context.queue.write(allocation, bytes, { mayChange: mayChange && bytes.buffer === data.buffer })
    }
  }

  async #readView(tensor: Tensor): Promise<TypedArray> {
    if (dtypeLayout(tensor.dtype).elements > 1) {
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

function destroyed(): DeviceError {
  return new DeviceError('webgpu: the backend was destroyed; make a new one with webgpu()')
}
