import { type Program, ShapeError, type Tensor } from '@mamba/core'
import { collectOwners } from '@mamba/core/backend'
import type { Context } from '../context.ts'
import { USAGE } from '../device/constants.ts'
import { type PreparedDispatch, prepareDispatch, type Runnable, uniformsOf } from '../queue/prepare.ts'
import { makePlan, type Plan } from './plan.ts'
import { Recording } from './recording.ts'
import { isRehearsed } from './rehearse.ts'

/** `Backend.capture`: records a step, merges what can be merged, plans its memory, and compiles its kernels. */
export function capture<T>(context: Context, fn: () => T): Program<T> {
  const recording = new Recording()
  context.recording = recording
  let result: T
  try {
    result = context.scopes.run(fn)
  } finally {
    context.recording = undefined
  }
  const results = new Set<Tensor>()
  collectOwners(result, results)
  return new RecordedProgram({ context, recording, result, results })
}

interface RecordedInit<T> {
  readonly context: Context
  readonly recording: Recording
  readonly result: T
  /** The tensors of the result. */
  readonly results: ReadonlySet<Tensor>
}

/** A {@link Program} whose dispatches, bind groups and memory are made once. */
class RecordedProgram<T> implements Program<T>, Runnable {
  prepared: readonly PreparedDispatch[] | undefined
  readonly #init: RecordedInit<T>
  readonly #preparing: Promise<void>
  #plan: Plan
  #uniforms: GPUBuffer | undefined
  #isDestroyed = false

  constructor(init: RecordedInit<T>) {
    this.#init = init
    this.#plan = makePlan(init.context, init.recording, init.results)
    this.#preparing = this.#prepare()
    // Whoever waits for the results is told.
    this.#preparing.catch(() => {})
  }

  replay(): T {
    const { context, result } = this.#init
    context.queue.expectAlive()
    if (this.#isDestroyed) throw new ShapeError('replay: the program was destroyed')
    if (this.#plan.inputs.some(({ storage }) => storage.destroyed)) {
      throw new ShapeError(
        'replay: a tensor that the program uses was destroyed; keep it until the last replay',
      )
    }
    this.#plan.refresh()
    context.queue.run(this)
    return result
  }

  wait(): Promise<void> {
    return this.#preparing
  }

  destroy(): void {
    if (this.#isDestroyed) return
    this.#isDestroyed = true
    const { context } = this.#init
    // Also what is still being compiled must find its buffers.
    this.#preparing
      .catch(() => {})
      .then(() => {
        for (const buffer of this.#plan.buffers) context.pool.give(buffer)
        if (this.#uniforms) context.queue.discard(this.#uniforms)
      })
  }

  async #prepare(): Promise<void> {
    const { context, recording, results } = this.#init
    const { device, queue } = context
    await this.#expectMemory()
    if (!(await isRehearsed(context, this.#plan))) {
      for (const buffer of this.#plan.buffers) context.pool.give(buffer)
      this.#plan = makePlan(context, recording, results)
      await this.#expectMemory()
    }
    const { dispatches } = this.#plan
    const pipelines = await Promise.all(
      dispatches.map(({ kernel, params }) => queue.pipelines.get(kernel, params !== undefined)),
    )
    const uniforms = uniformsOf(dispatches)
    if (uniforms.words.length > 0) {
      const usage = USAGE.UNIFORM | USAGE.COPY_DST
      this.#uniforms = device.createBuffer({ label: 'program', size: uniforms.words.byteLength, usage })
      device.queue.writeBuffer(this.#uniforms, 0, uniforms.words)
    }
    this.prepared = dispatches.map((dispatch, i) => {
      const offset = uniforms.offsets.get(dispatch)
      const uniform = offset === undefined ? undefined : { buffer: this.#uniforms!, offset }
      return prepareDispatch(device, dispatch, pipelines[i]!, uniform)
    })
  }

  /** @throws DeviceError if the device has no memory for it */
  async #expectMemory(): Promise<void> {
    const { context } = this.#init
    const { dispatches, rehearsals } = this.#plan
    await context.faults.settled()
    for (const { allocation } of dispatches.flatMap(({ bindings }) => bindings)) {
      const missing = context.faults.missing(allocation.place().buffer)
      if (!missing) continue
      // The next program does without the copy of the weights that a whole step needs.
      if (rehearsals.length > 0) context.allowsWholeSteps = false
      throw missing
    }
  }
}
