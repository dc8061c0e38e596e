import type { Ops, Tensor } from '@mamba/core'
import type { WeightReader } from '../weights/weight-reader.ts'
import type { Block } from './block.ts'
import { type Linear, linear, linearWeights } from './linear.ts'

/*
 * The Mamba block (Gu & Dao 2023, arXiv:2312.00752, Section 3.4 and Figure 3).
 *
 *   [x | z] = W_in u                      two branches
 *   x ← silu(conv(x))                     causal, depthwise
 *   [δ | B | C] = W_x x                   the selection: what depends on the input
 *   Δ = softplus(W_Δ δ + b_Δ)
 *   h_t = exp(Δ_t A) h_{t−1} + Δ_t B_t x_t
 *   y_t = C_t h_t + D x_t
 *   out = W_out (y ⊙ silu(z))
 */

/** Sizes of a Mamba block, and its variants. */
export interface MambaConfig {
  readonly dModel: number
  /** Channels of the two branches; usually 2 · dModel. */
  readonly dInner: number
  /** States per channel. */
  readonly dState: number
  /** Taps of the convolution. */
  readonly dConv: number
  /** Rank of the projection to Δ. */
  readonly dtRank: number
  /** Whether the input and output projections have a bias. */
  readonly bias: boolean
  readonly convBias: boolean
  /** Root-mean-square norm, without weights, of δ, B and C (FalconMamba). */
  readonly selectionNorm?: { readonly eps: number } | undefined
}

/** Weights of a Mamba block. */
export interface MambaWeights {
  /** (2 · dInner, dModel): rows of x, then of z. */
  readonly inProj: Linear
  readonly conv1d: { readonly weight: Tensor; readonly bias: Tensor | undefined }
  /** (dtRank + 2 · dState, dInner): rows of δ, B, C. */
  readonly xProj: Tensor
  /** (dInner, dtRank), and the bias of Δ (dInner). */
  readonly dtProj: { readonly weight: Tensor; readonly bias: Tensor }
  /** (dInner, dState), < 0. */
  readonly A: Tensor
  /** (dInner). */
  readonly D: Tensor
  /** (dModel, dInner). */
  readonly outProj: Linear
}

/** What a Mamba block remembers: the convolution's window and the state h. */
export type MambaState = {
  /** (batch, dInner, dConv − 1). */
  readonly conv: Tensor
  /** (batch, dInner, dState). */
  readonly ssm: Tensor
}

/** The Mamba block, Mamba-1. */
export const mamba: Block<MambaConfig, MambaWeights, MambaState> = { weights, state, forward }

function forward(ops: Ops, config: MambaConfig, w: MambaWeights, state: MambaState, u: Tensor): Tensor {
  const { dInner, dState, dtRank, selectionNorm } = config
  const normed = (x: Tensor) => (selectionNorm ? ops.rmsNorm(x, selectionNorm) : x)

  const xz = linear(ops, w.inProj, u)
  const z = xz.columns(dInner, 2 * dInner)
  const x = ops.causalConv1d(xz.columns(0, dInner), { ...w.conv1d, state: state.conv, activation: 'silu' })

  const selection = ops.linear(x, w.xProj)
  const dtLow = normed(selection.columns(0, dtRank))
  const B = normed(selection.columns(dtRank, dtRank + dState))
  const C = normed(selection.columns(dtRank + dState, dtRank + 2 * dState))

  // The scan adds Δ's bias, takes its softplus and gates y by silu(z), as the official kernel does.
  const dt = ops.linear(dtLow, w.dtProj.weight)
  const { A, D } = w
  const y = ops.selectiveScan({ u: x, dt, dtBias: w.dtProj.bias, A, B, C, D, z, state: state.ssm })
  return linear(ops, w.outProj, y)
}

function weights(reader: WeightReader, config: MambaConfig): MambaWeights {
  const { dModel, dInner, dState, dConv, dtRank, bias, convBias } = config
  return {
    inProj: linearWeights(reader, 'in_proj', [2 * dInner, dModel], { bias }),
    conv1d: {
      weight: reader.vector('conv1d.weight', [dInner, dConv]),
      bias: convBias ? reader.vector('conv1d.bias', [dInner]) : undefined,
    },
    xProj: reader.matrix('x_proj.weight', [dtRank + 2 * dState, dInner]),
    dtProj: {
      weight: reader.matrix('dt_proj.weight', [dInner, dtRank]),
      bias: reader.vector('dt_proj.bias', [dInner]),
    },
    A: reader.stateMatrix([dInner, dState]),
    D: reader.vector('D', [dInner]),
    outProj: linearWeights(reader, 'out_proj', [dModel, dInner], { bias }),
  }
}

function state({ dInner, dState, dConv }: MambaConfig) {
  return { conv: [dInner, dConv - 1], ssm: [dInner, dState] }
}
