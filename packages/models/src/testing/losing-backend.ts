import type { Backend, Tensor } from '@mamba/core'
import { countingBackend } from './counting-backend.ts'

/** The cpu backend, as one whose device can be lost. */
export interface LosingBackend {
  readonly backend: Backend
  /** Loses the device and everything on it. */
  lose(): void
  /** Tensors that hold memory now. */
  live(): number
  /** Bytes that were written before each call of `finish`, since the one before. */
  readonly finished: number[]
}

/** Makes a {@link LosingBackend}. */
export function losingBackend(): LosingBackend {
  const { backend, live } = countingBackend()
  const made: Tensor[] = []
  const finished: number[] = []
  let written = 0
  // Replaced on the object itself, because its ops make their results through it.
  const { zeros, write, finish } = backend
  backend.zeros = (...args) => {
    const tensor = zeros.apply(backend, args)
    made.push(tensor)
    return tensor
  }
  backend.write = (tensor, data) => {
    written += data.byteLength
    write.call(backend, tensor, data)
  }
  backend.finish = () => {
    finished.push(written)
    written = 0
    return finish.call(backend)
  }
  backend.recover = async () => {}
  return {
    backend,
    live,
    finished,
    lose() {
      for (const tensor of made) tensor.destroy()
    },
  }
}
