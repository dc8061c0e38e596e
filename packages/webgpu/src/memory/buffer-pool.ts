import { DeviceError } from '@mamba/core'
import { USAGE } from '../device/constants.ts'
import type { Faults } from '../device/faults.ts'

/** Buffers above this are given back to the device at once; making one costs more than most ops on it. */
const MAX_POOLED_BYTES = 256 * 2 ** 20
/** Bytes of free buffers that are kept for the next op. */
const MAX_FREE_BYTES = 1024 * 2 ** 20

const usage = USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST

/** What {@link BufferPool} works with. */
export interface BufferPoolInit {
  readonly device: GPUDevice
  readonly faults: Faults
  /** Destroys a buffer once no enqueued work needs it any more. */
  readonly discard: (buffer: GPUBuffer) => void
}

/**
 * Storage buffers, which are used again: an op's result is freed as soon as the next op was enqueued, and as the device
 * works in order, the op after that may write to it.
 */
export class BufferPool {
  readonly #init: BufferPoolInit
  readonly #free = new Map<number, GPUBuffer[]>()
  #freeBytes = 0
  #liveBytes = 0

  constructor(init: BufferPoolInit) {
    this.#init = init
  }

  /** Bytes of the buffers that are in use. */
  liveBytes(): number {
    return this.#liveBytes
  }

  /** Bytes that are held on the device: those in use, and those kept for later. */
  reservedBytes(): number {
    return this.#liveBytes + this.#freeBytes
  }

  /**
   * A buffer of at least `byteLength` bytes, whose contents are undefined. If the device has no memory for it, whoever
   * waits for results is told.
   * @throws DeviceError if no buffer of this device can be so large
   */
  take(byteLength: number): GPUBuffer {
    const size = bucketOf(byteLength)
    const buffer = this.#reuse(size) ?? this.#create(size)
    this.#liveBytes += size
    return buffer
  }

  /** Takes a buffer back. Work that was enqueued before may still use it. */
  give(buffer: GPUBuffer): void {
    const { size } = buffer
    this.#liveBytes -= size
    if (this.#init.faults.missing(buffer)) return
    if (size > MAX_POOLED_BYTES || this.#freeBytes + size > MAX_FREE_BYTES) {
      this.#init.discard(buffer)
      return
    }
    this.#freeBytes += size
    const bucket = this.#free.get(size)
    if (bucket) bucket.push(buffer)
    else this.#free.set(size, [buffer])
  }

  /** Gives the buffers back to the device that are kept for later. */
  trim(): void {
    for (const buffers of this.#free.values()) buffers.forEach(this.#init.discard)
    this.#free.clear()
    this.#freeBytes = 0
  }

  #reuse(size: number): GPUBuffer | undefined {
    const buffer = this.#free.get(size)?.pop()
    if (buffer) this.#freeBytes -= size
    return buffer
  }

  #create(size: number): GPUBuffer {
    const { device, faults } = this.#init
    const { maxBufferSize } = device.limits
    if (size > maxBufferSize) {
      throw new DeviceError(
        `webgpu: a buffer of ${size} bytes is needed; this device allows ${maxBufferSize} (maxBufferSize); ` +
          'use shorter chunks or smaller batches',
      )
    }
    const inUse = megabytes(this.#liveBytes)
    return faults.createBuffer(
      { label: `${size} bytes`, size, usage },
      () =>
        `webgpu: out of memory: the device has none for ${megabytes(size)} (${size} bytes) more beside the ${inUse} in ` +
        'use; destroy tensors, or use a smaller model, dtype, chunk or batch',
    )
  }
}

/** Rounds up, so that buffers fit again: small ones to powers of two, large ones to quarters of them. */
function bucketOf(byteLength: number): number {
  const size = Math.max(byteLength, 256)
  if (size > MAX_POOLED_BYTES) return Math.ceil(size / 256) * 256
  const power = 2 ** Math.floor(Math.log2(size))
  const step = Math.max(power / 4, 256)
  return Math.ceil(size / step) * step
}

function megabytes(byteLength: number): string {
  return `${(byteLength / 1e6).toFixed(1)} MB`
}
