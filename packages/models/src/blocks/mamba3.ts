import type { Mamba3State, Ops, Tensor } from '@mamba/core'
import type { WeightReader } from '../weights/weight-reader.ts'
import type { Block } from './block.ts'

/*
 * The Mamba-3 block (arXiv:2603.15569).
 *
 *   [z | x | B | C | δ | a | t | θ] = W_in u     no convolution
 *   B, C ← rotate(norm(B) + b_B), rotate(norm(C) + b_C)    by angles accumulated from θ and Δ
 *   Δ = softplus(δ + b_Δ),  A = −f(a),  λ = σ(t)
 *   h_t = exp(Δ_t A_t) h_{t−1} + (1−λ_t) Δ_t exp(Δ_t A_t) x_{t−1} B_{t−1}ᵀ + λ_t Δ_t x_t B_tᵀ
 *   y_t = h_t C_t + D x_t
 *   out = W_out (y ⊙ silu(z))
 *
 * MIMO: B and C have `rank` rows, x and z are scaled once per rank, and y is a weighted sum over ranks.
 */

/** Sizes of a Mamba-3 block, and its variants. */
export interface Mamba3Config {
  readonly dModel: number
  readonly nHeads: number
  readonly headDim: number
  /** Groups of heads that share B and C before their biases. */
  readonly nGroups: number
  /** States per channel. */
  readonly dState: number
  /** Rotation angles, at most dState / 2. */
  readonly nAngles: number
  /** Whether it is multi-input multi-output. */
  readonly mimo: boolean
  /** Ranks of the MIMO form; 1 otherwise. */
  readonly rank: number
  /** Smallest |A|. */
  readonly aFloor: number
  /** Of the norms of B, C and the output. */
  readonly eps: number
  /** Whether y is normalised per head before the gate. */
  readonly outputNorm: boolean
  /** Positions that the scan takes together. */
  readonly chunkSize: number
}

/** Weights of a Mamba-3 block. */
export interface Mamba3Weights {
  /** (2 · dInner + 2 · rank · nGroups · dState + 3 · nHeads + nAngles, dModel). */
  readonly inProj: Tensor
  /** (nHeads). */
  readonly dtBias: Tensor
  /** (dState). */
  readonly BNorm: Tensor
  /** (dState). */
  readonly CNorm: Tensor
  /** (nHeads, rank, dState). */
  readonly BBias: Tensor
  /** (nHeads, rank, dState). */
  readonly CBias: Tensor
  /** (nHeads). */
  readonly D: Tensor
  /** (nHeads, rank, headDim) each. */
  readonly mimo: { readonly x: Tensor; readonly z: Tensor; readonly o: Tensor } | undefined
  /** (nHeads · headDim). */
  readonly norm: Tensor | undefined
  /** (dModel, dInner). */
  readonly outProj: Tensor
}

/** The Mamba-3 block, SISO and MIMO. */
export const mamba3: Block<Mamba3Config, Mamba3Weights, Mamba3State> = { weights, state, forward }

function forward(ops: Ops, config: Mamba3Config, w: Mamba3Weights, state: Mamba3State, u: Tensor): Tensor {
  const { dState, aFloor, eps, chunkSize } = config
  const [z, x, BRaw, CRaw, dt, ddA, trap, angles] = split(ops.linear(u, w.inProj), segments(config))
  const B = ops.rmsNorm(BRaw, { weight: w.BNorm, eps, groupSize: dState })
  const C = ops.rmsNorm(CRaw, { weight: w.CNorm, eps, groupSize: dState })
  const { dtBias, BBias, CBias, D, mimo } = w
  const norm = w.norm && { weight: w.norm, eps }
  const weights = { dtBias, BBias, CBias, D, aFloor, mimo, norm }
  const y = ops.mamba3Scan({ x, z, B, C, dt, ddA, trap, angles, ...weights, state, chunkSize })
  return ops.linear(y, w.outProj)
}

/** Columns of the input projection: z, x, B, C, δ, a, t, θ. */
function segments({ nHeads, headDim, nGroups, dState, rank, nAngles }: Mamba3Config) {
  const dInner = nHeads * headDim
  const dBC = rank * nGroups * dState
  return [dInner, dInner, dBC, dBC, nHeads, nHeads, nHeads, nAngles] as const
}

/** Views of columns, one of each width. */
function split<const Widths extends readonly number[]>(packed: Tensor, widths: Widths) {
  let end = 0
  const views = widths.map((width) => {
    end += width
    return packed.columns(end - width, end)
  })
  return views as unknown as { readonly [Index in keyof Widths]: Tensor }
}

function weights(reader: WeightReader, config: Mamba3Config): Mamba3Weights {
  const { dModel, nHeads, headDim, dState, rank, mimo, outputNorm } = config
  const dInner = nHeads * headDim
  const dProjected = segments(config).reduce<number>((sum, width) => sum + width, 0)
  const perRank = (name: string) => reader.vector(name, [nHeads, rank, headDim])
  return {
    inProj: reader.matrix('in_proj.weight', [dProjected, dModel]),
    dtBias: reader.vector('dt_bias', [nHeads]),
    BNorm: reader.vector('B_norm.weight', [dState]),
    CNorm: reader.vector('C_norm.weight', [dState]),
    BBias: reader.vector('B_bias', [nHeads, rank, dState]),
    CBias: reader.vector('C_bias', [nHeads, rank, dState]),
    D: reader.vector('D', [nHeads]),
    mimo: mimo ? { x: perRank('mimo_x'), z: perRank('mimo_z'), o: perRank('mimo_o') } : undefined,
    norm: outputNorm ? reader.vector('norm.weight', [dInner]) : undefined,
    outProj: reader.matrix('out_proj.weight', [dModel, dInner]),
  }
}

function state({ nHeads, headDim, dState, nAngles, rank }: Mamba3Config) {
  return {
    angle: [nHeads, nAngles],
    ssm: [nHeads, headDim, dState],
    k: [rank, nHeads, dState],
    v: [nHeads, headDim],
  }
}
