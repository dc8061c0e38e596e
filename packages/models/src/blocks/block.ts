import type { Ops, Tensor } from '@mamba/core'
import type { WeightReader } from '../weights/weight-reader.ts'

/** Shapes, without the batch axis, of the recurrent tensors that a block owns. */
type StateShapes<State> = { readonly [Name in keyof State]: readonly number[] }

/** A mapping from input to output positions, with its weights and its memory of the past, for a layer to be built of. */
export interface Block<Config, Weights, State> {
  /** Declares the block's weights; names are relative to the reader's prefix. */
  weights(reader: WeightReader, config: Config): Weights
  /** What it remembers from one call to the next. */
  state(config: Config): StateShapes<State>
  /**
   * @param x (batch, length, dModel)
   * @param state of this block in this layer, updated in place
   * @returns (batch, length, dModel), to be added to the residual stream
   */
  forward(ops: Ops, config: Config, weights: Weights, state: State, x: Tensor): Tensor
}
