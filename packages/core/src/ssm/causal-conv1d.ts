import { ConfigError } from '../errors.ts'
import { silu } from './activations.ts'
import { expectShape, type Numbers } from './numbers.ts'

/** What the convolution reads. */
export interface CausalConv1dInputs {
  /** (batch, length, channels) */
  readonly x: Numbers
  /** (channels, taps); tap taps − 1 multiplies the newest input */
  readonly weight: Numbers
  /** (channels); none if absent */
  readonly bias?: Numbers | undefined
  /** (batch, channels, taps − 1), the inputs before the first token, oldest first; zeros if absent */
  readonly state?: Numbers | undefined
}

export interface CausalConv1dDims {
  readonly batch: number
  readonly length: number
  readonly channels: number
  /** Number of taps K, at least 1; called dConv in the models. */
  readonly taps: number
}

export interface CausalConv1dResult {
  /** (batch, length, channels) */
  readonly y: Float64Array
  /** (batch, channels, taps − 1), the last inputs, before weights and activation, oldest first */
  readonly state: Float64Array
}

/**
 * Causal depthwise convolution over time, and what the next call needs of its inputs.
 *
 *     yₜ[c] = f(bias[c] + Σₖ weight[c, k] xₜ₋₍K₋₁₎₊ₖ[c])
 *
 * A cross-correlation, as PyTorch's conv1d: the kernel is not flipped. The official caches are K wide; the
 * oldest of their columns is never read again, so this state leaves it out.
 *
 * Source: `causal_conv1d_ref` of Dao-AILab/causal-conv1d.
 * @param activation f: 'silu' or 'none'
 * @throws ShapeError if an input does not fit the dims
 * @throws ConfigError if taps is less than 1
 */
export function causalConv1d(
  inputs: CausalConv1dInputs,
  dims: CausalConv1dDims,
  activation: 'silu' | 'none',
): CausalConv1dResult {
  checkConv(inputs, dims)
  const { weight, bias } = inputs
  const { batch, length, channels, taps } = dims
  const y = new Float64Array(batch * length * channels)
  const state = new Float64Array(batch * channels * (taps - 1))

  for (let b = 0; b < batch; b++) {
    const history = joinHistory(inputs, dims, b)
    for (let t = 0; t < length; t++) {
      for (let c = 0; c < channels; c++) {
        let sum = bias === undefined ? 0 : bias[c]!
        for (let k = 0; k < taps; k++) {
          sum += weight[c * taps + k]! * history[(t + k) * channels + c]!
        }
        y[(b * length + t) * channels + c] = activation === 'silu' ? silu(sum) : sum
      }
    }
    for (let k = 0; k < taps - 1; k++) {
      for (let c = 0; c < channels; c++) {
        state[(b * channels + c) * (taps - 1) + k] = history[(length + k) * channels + c]!
      }
    }
  }
  return { y, state }
}

/** The inputs of sequence `b` after those of its state, (taps − 1 + length, channels). */
function joinHistory({ x, state }: CausalConv1dInputs, dims: CausalConv1dDims, b: number): Float64Array {
  const { length, channels, taps } = dims
  const history = new Float64Array((taps - 1 + length) * channels)
  if (state !== undefined) {
    for (let k = 0; k < taps - 1; k++) {
      for (let c = 0; c < channels; c++) {
        history[k * channels + c] = state[(b * channels + c) * (taps - 1) + k]!
      }
    }
  }
  history.set(x.subarray(b * length * channels, (b + 1) * length * channels), (taps - 1) * channels)
  return history
}

function checkConv({ x, weight, bias, state }: CausalConv1dInputs, dims: CausalConv1dDims): void {
  const { batch, length, channels, taps } = dims
  if (!(taps >= 1)) {
    throw new ConfigError(`causalConv1d: taps is ${taps}; expected at least 1`)
  }
  expectShape('causalConv1d', 'x', x, { batch, length, channels })
  expectShape('causalConv1d', 'weight', weight, { channels, taps })
  if (bias !== undefined) {
    expectShape('causalConv1d', 'bias', bias, { channels })
  }
  if (state !== undefined) {
    expectShape('causalConv1d', 'state', state, { batch, channels, 'taps - 1': taps - 1 })
  }
}
