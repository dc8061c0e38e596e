import type { Place } from '../memory/allocation.ts'
import type { PreparedDispatch } from './prepare.ts'

/** Sees the dispatches of a pass, to measure them. */
export interface Profiler {
  /** The descriptor of a pass that runs this dispatch alone. */
  pass(label: string, bytes: number): GPUComputePassDescriptor
  /** Called when the commands of this encoder are complete. */
  resolve(encoder: GPUCommandEncoder): void
}

/** Commands of one submission, or several where writes come between. */
export class Batch {
  readonly #device: GPUDevice
  readonly #profiler: Profiler | undefined
  #encoder: GPUCommandEncoder | undefined
  #pass: GPUComputePassEncoder | undefined
  #pipeline: GPUComputePipeline | undefined

  constructor(device: GPUDevice, profiler: Profiler | undefined) {
    this.#device = device
    this.#profiler = profiler
  }

  /** The encoder, outside of any pass. */
  encoder(): GPUCommandEncoder {
    this.#pass?.end()
    this.#pass = undefined
    this.#pipeline = undefined
    this.#encoder ??= this.#device.createCommandEncoder()
    return this.#encoder
  }

  dispatch({ label, pipeline, group, workgroups: [x, y, z], bytes }: PreparedDispatch): void {
    if (x * y * z === 0) return
    if (this.#profiler) this.#pass = this.encoder().beginComputePass(this.#profiler.pass(label, bytes))
    else this.#pass ??= this.encoder().beginComputePass()
    if (pipeline !== this.#pipeline) this.#pass.setPipeline(pipeline)
    this.#pipeline = pipeline
    this.#pass.setBindGroup(0, group)
    this.#pass.dispatchWorkgroups(x, y, z)
  }

  copy(from: Place, to: Place, byteLength: number): void {
    this.encoder().copyBufferToBuffer(from.buffer, from.offset, to.buffer, to.offset, byteLength)
  }

  /** Hands over what was encoded. */
  submit(): void {
    if (!this.#encoder) return
    const encoder = this.encoder()
    this.#profiler?.resolve(encoder)
    this.#device.queue.submit([encoder.finish()])
    this.#encoder = undefined
  }
}
