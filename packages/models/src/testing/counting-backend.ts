import { type Backend, cpu, type Tensor } from '@mamba/core'

/** A backend that knows which of its tensors were not freed. */
export interface CountingBackend {
  readonly backend: Backend
  /** Tensors that hold memory now: those of ops, and those that were made directly. */
  live(): number
  /** The most tensors that held memory at once while `run` ran, beyond those that did before. */
  peak(run: () => void): number
  /** Elements of the largest tensor that was ever made. */
  largest(): number
}

/** The cpu backend, counting. */
export function countingBackend(): CountingBackend {
  const backend = cpu()
  let made: Tensor[] = []
  let most = 0
  let largest = 0
  const alive = () => {
    made = made.filter(({ storage }) => !storage.destroyed)
    return made.length
  }
  const counted = (result: Tensor) => {
    made.push(result)
    most = Math.max(most, alive())
    largest = Math.max(largest, result.size)
    return result
  }
  // Replaced on the object itself, because its ops make their results through it.
  const { tensor, zeros } = backend
  backend.tensor = (...args) => counted(tensor.apply(backend, args))
  backend.zeros = (...args) => counted(zeros.apply(backend, args))
  return {
    backend,
    live: alive,
    peak(run) {
      const before = alive()
      most = before
      run()
      return most - before
    },
    largest: () => largest,
  }
}
