import { DeviceError } from '@mamba/core'
import { MAP_MODE_READ, USAGE } from '../device/constants.ts'
import type { Faults } from '../device/faults.ts'
import type { Allocation } from '../memory/allocation.ts'
import { Batch, type Profiler } from './batch.ts'
import { allocationsOf, type Command, type Read } from './command.ts'
import type { Dispatch } from './kernel.ts'
import { type Pipeline, Pipelines } from './pipelines.ts'
import {
  type PreparedDispatch,
  prepareDispatch,
  type Runnable,
  UNIFORM_ALIGNMENT,
  uniformsOf,
} from './prepare.ts'
import { StagingBuffers } from './staging-buffers.ts'

/*
 * One file beyond 300 lines: what waits, what is handed over, and who is told of failures share the same few fields.
 */

/** Commands after which they are handed to the device without being asked for, so that it starts early. */
const MAX_COMMANDS = 64

/** Bytes on their way to the device that wait here at most; arrays as large are not copied to wait. */
const MAX_WAITING_BYTES = 2 ** 20

/**
 * The commands on their way to the device, in order. Enqueuing returns at once; commands are handed over in batches,
 * as soon as the kernels that they need are compiled.
 */
export class Queue {
  readonly pipelines: Pipelines
  profiler: Profiler | undefined
  readonly #device: GPUDevice
  readonly #faults: Faults
  #commands: Command[] = []
  #waitingBytes = 0
  #isFlushPlanned = false
  /** The batch that is waiting for its kernels, and those behind it. */
  #waiting: Promise<void> | undefined
  #failure: Error | undefined
  readonly #staging: StagingBuffers
  #uniforms: GPUBuffer | undefined

  constructor(device: GPUDevice, faults: Faults) {
    this.#device = device
    this.#faults = faults
    this.#staging = new StagingBuffers(device)
    this.pipelines = new Pipelines(device)
  }

  /** The error after which nothing can be computed any more, if there was one. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /** @throws the error after which nothing can be computed any more, if there was one */
  expectAlive(): void {
    if (this.#failure) throw this.#failure
  }

  /** Makes everything that is enqueued from now on, or still waits, fail. */
  fail(error: Error): void {
    this.#failure ??= error
    this.#abandon(this.#commands)
    this.#commands = []
  }

  dispatch(dispatch: Dispatch): void {
    // Compiling starts now, while other commands are being enqueued.
    this.pipelines.ready(dispatch.kernel, dispatch.params !== undefined)
    this.#push({ kind: 'dispatch', dispatch })
  }

  run(run: Runnable): void {
    this.#push({ kind: 'prepared', run })
  }

  /**
   * Copies bytes to the device: many at once, without a copy that waits here.
   * @param mayChange whether the caller may write to `data` afterwards
   */
  write(to: Allocation, data: Uint8Array<ArrayBuffer>, { mayChange = false } = {}): void {
    to.version++
    if (data.byteLength > MAX_WAITING_BYTES) {
      this.flush()
      if (!this.#failure && !this.#hasToWait()) {
        this.#write(to, data)
        return
      }
    }
    this.#waitingBytes += data.byteLength
    this.#push({ kind: 'write', to, data: mayChange ? data.slice() : data })
    if (this.#waitingBytes > MAX_WAITING_BYTES) this.flush()
  }

  clear(allocation: Allocation): void {
    allocation.version++
    this.#push({ kind: 'clear', allocation })
  }

  /** Copies `byteLength` bytes, a multiple of 4. */
  copy(from: Allocation, to: Allocation, byteLength = from.byteLength): void {
    to.version++
    this.#push({ kind: 'copy', from, to, byteLength })
  }

  /** The bytes as they are when all that was enqueued before is done. */
  read(from: Allocation, byteLength = from.byteLength): Promise<ArrayBuffer> {
    if (byteLength === 0) return Promise.resolve(new ArrayBuffer(0))
    return new Promise((resolve, reject) => {
      this.#push({ kind: 'read', from, byteLength, mark: this.#faults.mark(), resolve, reject })
      // Reads that are asked for together come back together.
      if (!this.#isFlushPlanned) {
        this.#isFlushPlanned = true
        queueMicrotask(() => {
          this.#isFlushPlanned = false
          this.flush()
        })
      }
    })
  }

  /** Destroys a buffer when all that was enqueued before was handed over. */
  discard(buffer: GPUBuffer): void {
    if (this.#failure) buffer.destroy()
    else this.#push({ kind: 'discard', buffer })
  }

  /** Resolves when all that was enqueued is done. @throws DeviceError, KernelError if some of it failed */
  async finish(): Promise<void> {
    const mark = this.#faults.mark()
    this.flush()
    await this.#waiting
    this.expectAlive()
    // It fails only with the device, which is known by then.
    await this.#device.queue.onSubmittedWorkDone().catch(() => {})
    await this.#faults.settled()
    const error = this.#failure ?? this.#faults.since(mark)
    if (error) throw error
  }

  /** Hands all commands to the device. */
  flush(): void {
    if (this.#commands.length === 0) return
    const commands = this.#commands
    this.#commands = []
    this.#waitingBytes = 0
    if (!this.#hasToWait() && commands.every((command) => this.#isReady(command))) {
      this.#hand(commands, (dispatch) => this.#pipelineOf(dispatch)!)
      return
    }
    const waiting = (this.#waiting ?? Promise.resolve()).then(() => this.#handWhenReady(commands))
    this.#waiting = waiting
    waiting.then(() => {
      if (this.#waiting === waiting) this.#waiting = undefined
    })
  }

  #push(command: Command): void {
    if (this.#failure) {
      if (command.kind === 'read') command.reject(this.#failure)
      return
    }
    if (this.#commands.push(command) >= MAX_COMMANDS) this.flush()
  }

  #isReady(command: Command): boolean {
    if (command.kind === 'prepared') return command.run.prepared !== undefined
    return command.kind !== 'dispatch' || this.#pipelineOf(command.dispatch) !== undefined
  }

  #pipelineOf({ kernel, params }: Dispatch): Pipeline | undefined {
    return this.pipelines.ready(kernel, params !== undefined)
  }

  /** Whether commands wait for kernels, or for news of the memory that was asked for. */
  #hasToWait(): boolean {
    return this.#waiting !== undefined || this.#faults.settled() !== undefined
  }

  async #handWhenReady(commands: readonly Command[]): Promise<void> {
    const compiled = new Map<Dispatch, Pipeline>()
    const possible = await Promise.all(
      commands.map(async (command) => {
        try {
          if (command.kind === 'prepared') await command.run.wait()
          if (command.kind !== 'dispatch') return true
          const { kernel, params } = command.dispatch
          compiled.set(command.dispatch, await this.pipelines.get(kernel, params !== undefined))
          return true
        } catch (error) {
          this.#faults.report(error as Error)
          return false
        }
      }),
    )
    await this.#faults.settled()
    if (this.#failure) {
      this.#abandon(commands)
      return
    }
    try {
      const rest = commands.filter((_, i) => possible[i])
      this.#hand(rest, (dispatch) => compiled.get(dispatch)!)
    } catch (error) {
      this.#faults.report(error as Error)
      this.#abandon(commands)
    }
  }

  /** Whether a command's buffers have memory; of a read whose buffer has none, the caller is told. */
  #hasMemory(command: Command): boolean {
    const missing = allocationsOf(command)
      .map((allocation) => this.#faults.missing(allocation.place().buffer))
      .find((error) => error !== undefined)
    if (missing && command.kind === 'read') command.reject(missing)
    return missing === undefined
  }

  #abandon(commands: readonly Command[]): void {
    for (const command of commands) {
      if (command.kind === 'read') command.reject(this.#failure ?? this.#faults.since(command.mark))
      if (command.kind === 'discard') command.buffer.destroy()
    }
  }

  #write(to: Allocation, data: Uint8Array<ArrayBuffer>): void {
    const { buffer, offset } = to.place()
    this.#device.queue.writeBuffer(buffer, offset, data)
  }

  #hand(ready: readonly Command[], pipelineOf: (dispatch: Dispatch) => Pipeline): void {
    const commands = this.#faults.hasMissing ? ready.filter((command) => this.#hasMemory(command)) : ready
    const uniforms = this.#writeUniforms(commands)
    const reads = commands.filter((command) => command.kind === 'read')
    const readBytes = reads.reduce((sum, { byteLength }) => sum + byteLength, 0)
    const staging = readBytes > 0 ? this.#staging.take(readBytes) : undefined
    const batch = new Batch(this.#device, this.profiler)
    let readOffset = 0
    for (const command of commands) {
      switch (command.kind) {
        case 'dispatch':
          batch.dispatch(this.#prepare(command.dispatch, pipelineOf(command.dispatch), uniforms))
          break
        case 'prepared':
          for (const prepared of command.run.prepared!) batch.dispatch(prepared)
          // The device begins with this step while the next one is being encoded.
          batch.submit()
          break
        case 'write':
          // Writes overtake commands that are not submitted yet.
          batch.submit()
          this.#write(command.to, command.data)
          break
        case 'clear': {
          const { buffer, offset } = command.allocation.place()
          batch.encoder().clearBuffer(buffer, offset, command.allocation.byteLength)
          break
        }
        case 'copy':
          batch.copy(command.from.place(), command.to.place(), command.byteLength)
          break
        case 'read':
          batch.copy(command.from.place(), { buffer: staging!, offset: readOffset }, command.byteLength)
          readOffset += command.byteLength
      }
    }
    batch.submit()
    for (const command of commands) if (command.kind === 'discard') command.buffer.destroy()
    if (staging) this.#deliver(staging, reads, readBytes)
  }

  /** All uniforms of a batch go to the device at once, into the buffer of the batch before: it works in order. */
  #writeUniforms(commands: readonly Command[]): Uniforms | undefined {
    const { words, offsets } = uniformsOf(
      commands.flatMap((command) => (command.kind === 'dispatch' ? [command.dispatch] : [])),
    )
    const size = words.byteLength
    if (size === 0) return undefined
    if (!this.#uniforms || this.#uniforms.size < size) {
      this.#uniforms?.destroy()
      const usage = USAGE.UNIFORM | USAGE.COPY_DST
      this.#uniforms = this.#device.createBuffer({
        label: 'uniforms',
        size: Math.max(size, MAX_COMMANDS * UNIFORM_ALIGNMENT),
        usage,
      })
    }
    this.#device.queue.writeBuffer(this.#uniforms, 0, words)
    return { buffer: this.#uniforms, offsets }
  }

  #prepare(dispatch: Dispatch, pipeline: Pipeline, uniforms: Uniforms | undefined): PreparedDispatch {
    const offset = uniforms?.offsets.get(dispatch)
    const uniform = offset === undefined ? undefined : { buffer: uniforms!.buffer, offset }
    return prepareDispatch(this.#device, dispatch, pipeline, uniform)
  }

  async #deliver(staging: GPUBuffer, reads: readonly Read[], size: number): Promise<void> {
    let failed: Error | undefined
    try {
      await staging.mapAsync(MAP_MODE_READ, 0, size)
    } catch (cause) {
      failed = new DeviceError('webgpu: reading back failed', { cause })
    }
    const bytes = failed || this.#failure ? undefined : staging.getMappedRange(0, size)
    let offset = 0
    for (const { byteLength, mark, resolve, reject } of reads) {
      const error = this.#failure ?? this.#faults.since(mark) ?? failed
      if (error) reject(error)
      else resolve(bytes!.slice(offset, offset + byteLength))
      offset += byteLength
    }
    if (bytes) {
      staging.unmap()
      this.#staging.give(staging)
    } else {
      staging.destroy()
    }
  }
}

interface Uniforms {
  readonly buffer: GPUBuffer
  readonly offsets: ReadonlyMap<Dispatch, number>
}
