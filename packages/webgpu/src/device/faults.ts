import { DeviceError } from '@mamba/core'

/**
 * What went wrong on a device that goes on working: memory that is missing, commands that it refuses, kernels that do
 * not compile. It is known later than the call that it comes from, so it is told to whoever waits: to every read and
 * `finish` under way, or else to the next one. After that it is forgotten, and the device can be used as before.
 */
export class Faults {
  readonly #device: GPUDevice
  readonly #onOutOfMemory: () => void
  #count = 0
  #error: Error | undefined
  #isTold = true
  /** Allocations of which it is not known yet whether they succeed. */
  readonly #open = new Set<Promise<void>>()
  readonly #missing = new WeakMap<GPUBuffer, Error>()
  /** Whether a buffer ever got no memory. */
  hasMissing = false

  /** @param onOutOfMemory gives back what is not needed */
  constructor(device: GPUDevice, onOutOfMemory: () => void) {
    this.#device = device
    this.#onOutOfMemory = onOutOfMemory
    device.addEventListener('uncapturederror', (event) => {
      event.preventDefault()
      const { error } = event
      const isMemory = error.constructor.name === 'GPUOutOfMemoryError'
      const problem = isMemory ? 'out of memory' : 'the device refuses a command'
      this.report(new DeviceError(`webgpu: ${problem}: ${error.message.trim()}`, { cause: error }))
    })
  }

  /**
   * Makes a buffer whose memory may turn out to be missing.
   * @param describe says what is wrong then
   */
  createBuffer(descriptor: GPUBufferDescriptor, describe: () => string): GPUBuffer {
    this.#device.pushErrorScope('out-of-memory')
    const buffer = this.#device.createBuffer(descriptor)
    const known = this.#device
      .popErrorScope()
      .then((cause) => {
        if (!cause) return
        const error = new DeviceError(describe(), { cause })
        this.#missing.set(buffer, error)
        this.hasMissing = true
        this.report(error)
        this.#onOutOfMemory()
      })
      // The device was lost, which is told in another way.
      .catch(() => {})
      .finally(() => this.#open.delete(known))
    this.#open.add(known)
    return buffer
  }

  /** Resolves when it is known of all buffers so far whether they got their memory; undefined if it is. */
  settled(): Promise<unknown> | undefined {
    return this.#open.size > 0 ? Promise.all(this.#open) : undefined
  }

  /** The error because of which a buffer has no memory, if it has none. */
  missing(buffer: GPUBuffer): Error | undefined {
    return this.hasMissing ? this.#missing.get(buffer) : undefined
  }

  /** Something went wrong, and some of what was enqueued until now is not done. */
  report(error: Error): void {
    if (error === this.#error) return
    this.#count++
    // What follows from the first one says less.
    if (this.#isTold) this.#error = error
    this.#isTold = false
  }

  /** Where a wait begins: what is told to it comes later, or was not told to anybody. */
  mark(): number {
    return this.#isTold ? this.#count : this.#count - 1
  }

  /** What somebody has to be told who waits since a mark. */
  since(mark: number): Error | undefined {
    if (mark >= this.#count) return undefined
    this.#isTold = true
    return this.#error
  }
}
