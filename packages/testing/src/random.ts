/** A seeded source of numbers: the same seed gives the same numbers on every machine. */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number
  /** Uniform in [low, high). */
  between(low: number, high: number): number
  /** A whole number from low to high, both included. */
  integer(low: number, high: number): number
  /** Uniform in the exponent: as many values between 0.001 and 0.01 as between 0.1 and 1. */
  logUniform(low: number, high: number): number
  /** Standard normal. */
  normal(): number
}

/**
 * Makes a generator: a counter that steps by an odd constant, its bits mixed by multiplications and shifts.
 * Good enough for test data, and for nothing else.
 */
export function seededRandom(seed: number): Random {
  let counter = seed | 0

  const uniform = () => {
    counter = (counter + 0x9e3779b9) | 0
    let bits = counter ^ (counter >>> 16)
    bits = Math.imul(bits, 0x85ebca6b)
    bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
    return ((bits ^ (bits >>> 16)) >>> 0) / 2 ** 32
  }
  const between = (low: number, high: number) => low + (high - low) * uniform()

  return {
    uniform,
    between,
    integer: (low, high) => Math.floor(between(low, high + 1)),
    logUniform: (low, high) => Math.exp(between(Math.log(low), Math.log(high))),
    // Box and Muller's transform; 1 − u keeps the logarithm finite.
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  }
}
