import { silu } from './activations.ts'
import { expectDivides, expectShape, type Numbers } from './numbers.ts'

/** How to normalise. */
export interface RmsNormOptions {
  /** Number of vectors. */
  readonly rows: number
  /** Elements of one vector. */
  readonly size: number
  /** Added to the mean square. */
  readonly eps: number
  /** Elements of a group that is normalised on its own; a divisor of size. The whole vector if absent. */
  readonly groupSize?: number | undefined
  /** z (rows, size); no gate if absent */
  readonly gate?: Numbers | undefined
  /**
   * 'before' (the default): rms(x ⊙ silu(z)) ⊙ w, as published Mamba-2 models (`norm_before_gate` false).
   * 'after': rms(x) ⊙ w ⊙ silu(z), as Mamba-3.
   */
  readonly gateOrder?: 'before' | 'after' | undefined
}

/**
 * Root-mean-square normalisation, by groups and with a gate where a model has them.
 *
 *     rms(x) = x / √(mean(x²) + eps)        y = rms(x) ⊙ w
 *
 * Source: Zhang & Sennrich 2019, arXiv:1910.07467; `rms_norm_ref` of state-spaces/mamba
 * (ops/triton/layernorm_gated.py).
 * @param x (rows, size)
 * @param weight (size); ones if undefined
 * @returns y (rows, size)
 * @throws ShapeError if an array does not fit rows and size, or groupSize does not divide size
 */
export function rmsNorm(x: Numbers, weight: Numbers | undefined, options: RmsNormOptions): Float64Array {
  const { rows, size, eps, groupSize = size, gate, gateOrder = 'before' } = options
  checkNorm(x, weight, options)
  const y = new Float64Array(x)
  if (gate !== undefined && gateOrder === 'before') {
    multiplyBySilu(y, gate)
  }
  for (let start = 0; start < rows * size; start += groupSize) {
    let squares = 0
    for (let i = start; i < start + groupSize; i++) {
      squares += y[i]! * y[i]!
    }
    const scale = 1 / Math.sqrt(squares / groupSize + eps)
    const column = start % size
    for (let i = 0; i < groupSize; i++) {
      y[start + i]! *= weight === undefined ? scale : scale * weight[column + i]!
    }
  }
  if (gate !== undefined && gateOrder === 'after') {
    multiplyBySilu(y, gate)
  }
  return y
}

function multiplyBySilu(y: Float64Array, z: Numbers): void {
  for (let i = 0; i < y.length; i++) {
    y[i]! *= silu(z[i]!)
  }
}

function checkNorm(
  x: Numbers,
  weight: Numbers | undefined,
  { rows, size, groupSize, gate }: RmsNormOptions,
): void {
  expectShape('rmsNorm', 'x', x, { rows, size })
  if (weight !== undefined) {
    expectShape('rmsNorm', 'weight', weight, { size })
  }
  if (gate !== undefined) {
    expectShape('rmsNorm', 'gate', gate, { rows, size })
  }
  if (groupSize !== undefined) {
    expectDivides('rmsNorm', { groupSize, size })
  }
}
