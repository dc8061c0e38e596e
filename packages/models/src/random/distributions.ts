/**
 * How the elements of a tensor are drawn.
 * @param u uniform in (0, 1)
 * @param column index along the last axis
 */
export type Distribution = (u: number, column: number) => number

/** Always 1. */
export const ones: Distribution = () => 1

/** Uniform between −bound and bound. */
export function uniform(bound: number): Distribution {
  return (u) => (2 * u - 1) * bound
}

/** Uniform as PyTorch initialises a layer with that many inputs: between ±1 / √inputs. */
export function kaiming(inputs: number): Distribution {
  return uniform(1 / Math.sqrt(inputs))
}

const angles = 64

/** Normal with mean 0: Box and Muller's transform, with the angle in the first six bits of u and the radius in the rest. */
export function normal(deviation: number): Distribution {
  return (u) => {
    const angle = Math.floor(angles * u)
    const radius = Math.sqrt(-2 * Math.log(angles * u - angle))
    return deviation * radius * Math.cos(((angle + 0.5) / angles) * 2 * Math.PI)
  }
}

/** The bias of Δ: softplus⁻¹ of a step size that is log-uniform between 0.001 and 0.1. */
export const stepSizeBias: Distribution = (u) => {
  const step = Math.exp(Math.log(0.001) + u * Math.log(100))
  return step + Math.log(-Math.expm1(-step))
}

/** A_log of Mamba-1: log(n + 1) of the state n. */
export const stateLogarithm: Distribution = (_u, n) => Math.log(n + 1)

/** A_log of Mamba-2: the logarithm of a number that is uniform between 1 and 16. */
export const headLogarithm: Distribution = (u) => Math.log(1 + 15 * u)
