import { USAGE } from '../device/constants.ts'

/** Buffers above this are given back to the device at once: they are weights, and rarely needed twice. */
const MAX_POOLED_BYTES = 64 * 2 ** 20
/** Bytes of free buffers that are kept for the next op. */
const MAX_FREE_BYTES = 256 * 2 ** 20

const usage = USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST

/**
 * Storage buffers, which are used again: an op's result is freed as soon as the next op was enqueued, and as the device
 * works in order, the op after that may write to it.
 */
export class BufferPool {
  readonly #device: GPUDevice
  readonly #free = new Map<number, GPUBuffer[]>()
  readonly #discard: (buffer: GPUBuffer) => void
  #freeBytes = 0
  #liveBytes = 0

  /** @param discard destroys a buffer once no enqueued work needs it any more */
  constructor(device: GPUDevice, discard: (buffer: GPUBuffer) => void) {
    this.#device = device
    this.#discard = discard
  }

  /** Bytes of the buffers that are in use. */
  liveBytes(): number {
    return this.#liveBytes
  }

  /** Bytes that are held on the device: those in use, and those kept for later. */
  reservedBytes(): number {
    return this.#liveBytes + this.#freeBytes
  }

  /** A buffer of at least `byteLength` bytes, whose contents are undefined. */
  take(byteLength: number): GPUBuffer {
    const size = bucketOf(byteLength)
    this.#liveBytes += size
    const buffer = this.#free.get(size)?.pop()
    if (buffer) {
      this.#freeBytes -= size
      return buffer
    }
    return this.#device.createBuffer({ label: `${size} bytes`, size, usage })
  }

  /** Takes a buffer back. Work that was enqueued before may still use it. */
  give(buffer: GPUBuffer): void {
    const { size } = buffer
    this.#liveBytes -= size
    if (size > MAX_POOLED_BYTES || this.#freeBytes + size > MAX_FREE_BYTES) {
      this.#discard(buffer)
      return
    }
    this.#freeBytes += size
    const bucket = this.#free.get(size)
    if (bucket) bucket.push(buffer)
    else this.#free.set(size, [buffer])
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
