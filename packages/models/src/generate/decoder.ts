import {
  CheckpointError,
  type Program,
  type ResolvedSampling,
  type SampleHistory,
  type Tensor,
} from '@mamba/core'
import type { Model } from '../model/model.ts'
import type { State } from '../state/state.ts'
import { WindowSize } from './window-size.ts'

/** What a {@link Decoder} starts from. */
export interface DecoderInit {
  readonly model: Model
  /** Has read the prompt. */
  readonly state: State
  /** Ids of the prompt, for the penalties. */
  readonly prompt: readonly number[]
  /** Of the prompt's last position, (1, 1, vocabulary); the caller's to destroy. */
  readonly logits: Tensor
  readonly settings: ResolvedSampling
  readonly maxTokens: number
  /** Whether the logits are wanted along with each id. */
  readonly wantsLogits: boolean
  /** Whether the state is needed afterwards. */
  readonly keepsState: boolean
}

/** One id that was chosen, and the logits that it was chosen by if they are wanted, until the next one is asked for. */
export interface Decoded {
  readonly id: number
  readonly logits: Tensor | undefined
}

interface Step {
  readonly logits?: Tensor
}

/** Steps that were enqueued together, and the state before them. */
interface Window {
  /** Steps before the first one. */
  readonly start: number
  readonly before: State | undefined
}

/**
 * Chooses one id after the other: a step reads the last id and samples the next, which goes into the following step
 * without leaving the device. The step is recorded once.
 *
 * On a backend that runs ahead several steps are enqueued before the ids of earlier ones have come back. When the text
 * ends among them, the state is put back to where it was and reads only what was taken.
 */
export class Decoder {
  readonly #init: DecoderInit
  /** The last id, (1, 1), and its position; on the device. */
  readonly #ids: Tensor
  readonly #position: Tensor
  readonly #history: SampleHistory | undefined
  readonly #size: WindowSize
  #program: Program<Step> | undefined
  /** Ids on their way. */
  #pending: Promise<number>[] = []
  /** Ids that were returned. */
  readonly #returned: number[] = []
  /** Steps that were enqueued; the state has read as many of the ids. */
  #steps = 0
  #windows: Window[] = []
  readonly #spare: State[] = []
  #logits: Tensor | undefined

  constructor(init: DecoderInit) {
    this.#init = init
    const { model, state, prompt, settings, wantsLogits } = init
    const { backend } = model
    this.#ids = backend.zeros([1, 1], 'i32')
    this.#position = backend.tensor(Int32Array.of(state.position), [1], 'i32')
    this.#history = settings.usesHistory ? createHistory(model, prompt) : undefined
    this.#size = new WindowSize(backend.runsAhead && !wantsLogits)
  }

  /** The next id. @throws CheckpointError if the logits are not numbers: the weights are damaged */
  async next(): Promise<Decoded> {
    const asked = performance.now()
    if (this.#returned.length === 0) this.#sampleFirst()
    else if (this.#pending.length === 0) this.#enqueue()
    const pending = this.#pending.shift()!
    // While the device is at these, the next ones join the queue.
    if (this.#size.runsAhead && this.#pending.length < this.#size.steps) this.#enqueue()
    const id = await pending
    if (id < 0) throw new CheckpointError('sample: a logit is NaN or infinite; the weights are damaged')
    this.#size.observe(asked, performance.now())
    this.#returned.push(id)
    return { id, logits: this.#logits }
  }

  /** Makes the state one that has read the prompt and the first `count` ids that were returned. */
  settle(count: number): void {
    const { model, state } = this.#init
    const start = state.position
    let read = this.#steps
    if (read > count) {
      const window = this.#windows.findLast(({ start }) => start <= count)!
      state.assign(window.before!)
      read = window.start
    }
    // One by one, as the steps do it: the same bits.
    for (const id of this.#returned.slice(read, count)) model.forward([id], { state }).logits.destroy()
    state.position = start + count
  }

  /** Frees everything that it made. */
  destroy(): void {
    this.#program?.destroy()
    this.#ids.destroy()
    this.#position.destroy()
    this.#history?.prompt.destroy()
    this.#history?.generated.destroy()
    for (const { before } of this.#windows) before?.destroy()
    for (const state of this.#spare) state.destroy()
  }

  #sampleFirst(): void {
    const { model, logits } = this.#init
    const { backend } = model
    using sampled = this.#sample(logits)
    backend.copy(sampled, this.#ids)
    this.#logits = logits
    this.#expectId()
  }

  /** Enqueues a window of steps. */
  #enqueue(): void {
    const { maxTokens } = this.#init
    const count = Math.min(this.#size.steps, maxTokens - 1 - this.#steps)
    if (count <= 0) return
    this.#program ??= this.#record()
    if (this.#size.runsAhead) this.#openWindow()
    for (let i = 0; i < count; i++) {
      // Counted first: if the step fails, what it read must not be read again.
      this.#steps++
      this.#logits = this.#program.replay().logits
      this.#expectId()
    }
  }

  #record(): Program<Step> {
    const { model, state, wantsLogits } = this.#init
    const { backend } = model
    return backend.capture(() => {
      const { logits } = model.step(this.#ids, state)
      backend.copy(this.#sample(logits), this.#ids)
      return wantsLogits ? { logits } : {}
    })
  }

  #sample(logits: Tensor): Tensor {
    const { model, settings } = this.#init
    const { vocabSize } = model
    return model.backend.ops.sample(logits, {
      settings,
      vocabSize,
      position: this.#position,
      history: this.#history,
    })
  }

  #expectId(): void {
    const id = this.#ids.read().then((ids) => ids[0]!)
    // A consumer that stops early never asks for it.
    id.catch(() => {})
    this.#pending.push(id)
  }

  /** Remembers the state before a window, and forgets those that no end of the text can need any more. */
  #openWindow(): void {
    const { state, keepsState } = this.#init
    const needed = this.#windows.findLastIndex(({ start }) => start <= this.#returned.length)
    for (const { before } of this.#windows.splice(0, Math.max(needed, 0)))
      if (before) this.#spare.push(before)
    let before: State | undefined
    if (keepsState) {
      before = this.#spare.pop()
      if (before) before.assign(state)
      else before = state.clone()
    }
    this.#windows.push({ start: this.#steps, before })
  }
}

function createHistory(model: Model, prompt: readonly number[]): SampleHistory {
  const shape = [1, model.config.paddedVocabSize]
  const counts = new Int32Array(model.config.paddedVocabSize)
  for (const id of prompt) counts[id]! += 1
  return {
    prompt: model.backend.tensor(counts, shape, 'i32'),
    generated: model.backend.zeros(shape, 'i32'),
  }
}
