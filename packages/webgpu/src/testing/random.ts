import type { Backend, Tensor } from '@mamba/core'

/** A tensor of uniform random numbers from `low` to `high`. */
export function randomTensor(backend: Backend, shape: readonly number[], low = -1, high = 1): Tensor {
  const size = shape.reduce((product, axis) => product * axis, 1)
  const data = Float32Array.from({ length: size }, () => low + (high - low) * Math.random())
  return backend.tensor(data, shape, 'f32')
}
