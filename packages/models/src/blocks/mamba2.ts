import type { Ops, Tensor } from '@mamba/core'
import type { WeightReader } from '../weights/weight-reader.ts'
import type { Block } from './block.ts'
import { type Linear, linear, linearWeights } from './linear.ts'

/*
 * The Mamba-2 block (Dao & Gu 2024, arXiv:2405.21060, Section 7 and Figure 6).
 *
 *   [z | x | B | C | δ] = W_in u          one projection; δ one number a head
 *   [x | B | C] ← silu(conv([x | B | C]))
 *   Δ = clamp(softplus(δ + b_Δ))
 *   h_t = exp(Δ_t A) h_{t−1} + Δ_t x_t B_tᵀ     A one number a head, B and C shared by the heads of a group
 *   y_t = h_t C_t + D x_t
 *   out = W_out norm(y ⊙ silu(z))
 *
 * With dMlp > 0 a gated MLP of that width runs beside the state-space part: W_in begins with [z₀ | x₀], and
 * silu(z₀) ⊙ x₀ stands in front of y in W_out's input.
 */

/** Sizes of a Mamba-2 block, and its variants. */
export interface Mamba2Config {
  readonly dModel: number
  readonly nHeads: number
  readonly headDim: number
  /** Groups of heads that share B and C. */
  readonly nGroups: number
  /** States per channel. */
  readonly dState: number
  /** Taps of the convolution. */
  readonly dConv: number
  /** Width of the gated MLP beside the state-space part; usually 0. */
  readonly dMlp: number
  /** Whether the input and output projections have a bias. */
  readonly bias: boolean
  readonly convBias: boolean
  /** Whether D has an entry per channel rather than per head. */
  readonly dPerChannel: boolean
  /** Smallest and largest Δ. */
  readonly dtLimit: readonly [number, number]
  /** The gated norm: how many elements it takes together, and on which side of it the gate is; absent: gate only. */
  readonly norm?:
    | { readonly eps: number; readonly groupSize: number; readonly gateOrder: 'before' | 'after' }
    | undefined
  /** Positions that the scan takes together. */
  readonly chunkSize: number
}

/** Weights of a Mamba-2 block. */
export interface Mamba2Weights {
  /** (2 · dMlp + 2 · dInner + 2 · nGroups · dState + nHeads, dModel). */
  readonly inProj: Linear
  readonly conv1d: { readonly weight: Tensor; readonly bias: Tensor | undefined }
  /** (nHeads). */
  readonly dtBias: Tensor
  /** (nHeads), < 0. */
  readonly A: Tensor
  /** (nHeads) or (nHeads · headDim). */
  readonly D: Tensor
  /** (nHeads · headDim). */
  readonly norm: Tensor | undefined
  /** (dModel, dMlp + nHeads · headDim). */
  readonly outProj: Linear
}

/** What a Mamba-2 block remembers: the convolution's window and the state h. */
export type Mamba2State = {
  /** (batch, nHeads · headDim + 2 · nGroups · dState, dConv − 1). */
  readonly conv: Tensor
  /** (batch, nHeads, headDim, dState). */
  readonly ssm: Tensor
}

/** The Mamba-2 block. */
export const mamba2: Block<Mamba2Config, Mamba2Weights, Mamba2State> = { weights, state, forward }

function sizes({ nHeads, headDim, nGroups, dState, dMlp }: Mamba2Config) {
  const dInner = nHeads * headDim
  const dBC = nGroups * dState
  const dConvolved = dInner + 2 * dBC
  return { dInner, dBC, dConvolved, dProjected: 2 * dMlp + dInner + dConvolved + nHeads }
}

function forward(ops: Ops, config: Mamba2Config, w: Mamba2Weights, state: Mamba2State, u: Tensor): Tensor {
  const { nHeads, dMlp, dtLimit, norm, chunkSize } = config
  const { dInner, dBC, dConvolved, dProjected } = sizes(config)

  const packed = linear(ops, w.inProj, u)
  const zxBCdt = packed.columns(2 * dMlp, dProjected)
  const z = zxBCdt.columns(0, dInner)
  const dt = zxBCdt.columns(dInner + dConvolved, dInner + dConvolved + nHeads)
  const xBC = ops.causalConv1d(zxBCdt.columns(dInner, dInner + dConvolved), {
    ...w.conv1d,
    state: state.conv,
    activation: 'silu',
  })
  const x = xBC.columns(0, dInner)
  const B = xBC.columns(dInner, dInner + dBC)
  const C = xBC.columns(dInner + dBC, dConvolved)

  const { A, D, dtBias } = w
  let y = ops.ssd({ x, dt, dtBias, dtLimit, A, B, C, D, state: state.ssm, chunkSize })
  y = norm ? ops.rmsNorm(y, { ...norm, weight: w.norm, gate: z }) : ops.swiGlu(z, y)
  if (dMlp === 0) return linear(ops, w.outProj, y)

  const mlp = ops.swiGlu(packed.columns(0, dMlp), packed.columns(dMlp, 2 * dMlp))
  const { weight, bias } = w.outProj
  return ops.add(
    ops.linear(mlp, weight.columns(0, dMlp)),
    ops.linear(y, weight.columns(dMlp, dMlp + dInner), bias),
  )
}

function weights(reader: WeightReader, config: Mamba2Config): Mamba2Weights {
  const { dModel, nHeads, dConv, dMlp, bias, convBias, dPerChannel, norm } = config
  const { dInner, dConvolved, dProjected } = sizes(config)
  return {
    inProj: linearWeights(reader, 'in_proj', [dProjected, dModel], { bias }),
    conv1d: {
      weight: reader.vector('conv1d.weight', [dConvolved, dConv]),
      bias: convBias ? reader.vector('conv1d.bias', [dConvolved]) : undefined,
    },
    dtBias: reader.vector('dt_bias', [nHeads]),
    A: reader.stateMatrix([nHeads]),
    D: reader.vector('D', [dPerChannel ? dInner : nHeads]),
    norm: norm && reader.vector('norm.weight', [dInner]),
    outProj: linearWeights(reader, 'out_proj', [dModel, dMlp + dInner], { bias }),
  }
}

function state(config: Mamba2Config) {
  const { nHeads, headDim, dState, dConv } = config
  return { conv: [sizes(config).dConvolved, dConv - 1], ssm: [nHeads, headDim, dState] }
}
