import type { Ops, Tensor } from '@mamba/core'
import type { WeightReader } from '../weights/weight-reader.ts'

/** A projection: matrix (out, in) in any weight dtype, and bias (out). */
export interface Linear {
  readonly weight: Tensor
  readonly bias?: Tensor | undefined
}

/** Declares `<name>.weight`, and `<name>.bias` where there is one. */
export function linearWeights(
  reader: WeightReader,
  name: string,
  [dOut, dIn]: readonly [number, number],
  { bias }: { readonly bias: boolean },
): Linear {
  return {
    weight: reader.matrix(`${name}.weight`, [dOut, dIn]),
    bias: bias ? reader.vector(`${name}.bias`, [dOut]) : undefined,
  }
}

/** x Wᵀ + b. */
export function linear(ops: Ops, { weight, bias }: Linear, x: Tensor): Tensor {
  return ops.linear(x, weight, bias)
}
