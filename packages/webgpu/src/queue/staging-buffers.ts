import { USAGE } from '../device/constants.ts'

/** Buffers through which bytes come back from the device, used again and again. */
export class StagingBuffers {
  readonly #device: GPUDevice
  readonly #free: GPUBuffer[] = []

  constructor(device: GPUDevice) {
    this.#device = device
  }

  /** A buffer of at least `size` bytes. */
  take(size: number): GPUBuffer {
    const index = this.#free.findIndex((buffer) => buffer.size >= size)
    const [found] = index < 0 ? [] : this.#free.splice(index, 1)
    return (
      found ??
      this.#device.createBuffer({
        label: 'read-back',
        size: 2 ** Math.ceil(Math.log2(Math.max(size, 256))),
        usage: USAGE.MAP_READ | USAGE.COPY_DST,
      })
    )
  }

  /** Takes a buffer back that is not mapped any more. */
  give(buffer: GPUBuffer): void {
    this.#free.push(buffer)
  }
}
