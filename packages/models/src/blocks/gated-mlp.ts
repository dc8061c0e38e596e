import type { Ops, Tensor } from '@mamba/core'
import type { Block } from './block.ts'

/** Sizes of a gated MLP. */
export interface GatedMlpConfig {
  readonly dModel: number
  /** Width between the projections. */
  readonly dHidden: number
}

/** Weights of a gated MLP. */
export interface GatedMlpWeights {
  /** (2 · dHidden, dModel): rows of the value, then of the gate. */
  readonly fc1: Tensor
  /** (dModel, dHidden). */
  readonly fc2: Tensor
}

/** The official repository's `GatedMLP`: W₂ (value ⊙ silu(gate)), with [value | gate] = W₁ x. It has no state. */
export const gatedMlp: Block<GatedMlpConfig, GatedMlpWeights, Record<never, Tensor>> = {
  weights: (reader, { dModel, dHidden }) => ({
    fc1: reader.matrix('fc1.weight', [2 * dHidden, dModel]),
    fc2: reader.matrix('fc2.weight', [dModel, dHidden]),
  }),
  state: () => ({}),
  forward(ops: Ops, { dHidden }, { fc1, fc2 }, _state, x: Tensor): Tensor {
    const hidden = ops.linear(x, fc1)
    const value = hidden.columns(0, dHidden)
    const gate = hidden.columns(dHidden, 2 * dHidden)
    return ops.linear(ops.swiGlu(gate, value), fc2)
  },
}
