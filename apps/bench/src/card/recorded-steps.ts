import { resolveSampling, type Tensor } from '@mamba/core'
import type { Model, State } from '@mamba/models'

/** Steps that are handed over together: few, so that the device begins early. */
const STEPS_AT_ONCE = 4

/** What a series of steps took. */
interface StepTimes {
  /** Milliseconds of a step, from the first to the last id on its way back. */
  readonly ms: number
  /** Milliseconds that the processor needed to hand a step to the device; the rest of the time it is free. */
  readonly encodeMs: number
}

/** A step of greedy decoding, recorded: what the device does when nobody looks at the text. */
export interface RecordedSteps extends Disposable {
  /** @param signal between steps */
  run(count: number, signal?: AbortSignal): Promise<StepTimes>
}

/** @param state is read and written by the steps; its batch is theirs */
export function recordSteps(model: Model, state: State): RecordedSteps {
  const { backend, vocabSize } = model
  const { ops } = backend
  const ids = backend.zeros([state.batch, 1], 'i32')
  const position = backend.zeros([1], 'i32')
  const settings = resolveSampling({ greedy: true })
  const program = backend.capture(() => {
    const { logits } = model.step(ids, state)
    backend.copy(ops.sample(logits, { settings, vocabSize, position }), ids)
  })
  return {
    async run(count, signal) {
      const pending: Promise<unknown>[] = []
      const start = performance.now()
      for (let i = 1; i <= count; i++) {
        signal?.throwIfAborted()
        program.replay()
        pending.push(ids.read())
        // Reads are handed over when this function gives way.
        if (i % STEPS_AT_ONCE === 0 || i === count) await Promise.resolve()
      }
      const encoded = performance.now()
      await Promise.all(pending)
      const ms = (performance.now() - start) / count
      return { ms, encodeMs: (encoded - start) / count }
    },
    [Symbol.dispose]() {
      program.destroy()
      for (const tensor of [ids, position] satisfies Tensor[]) tensor.destroy()
    },
  }
}
