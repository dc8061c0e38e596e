import { exponentialTrapezoidal } from './discretise.ts'
import { copyOrZeros, expectShape, type Numbers } from './numbers.ts'

/** What a Mamba-3 layer keeps between calls, besides its angles. */
export interface Mamba3ScanState<Values extends Numbers = Numbers> {
  /** (batch, nHeads, headDim, dState) */
  readonly h: Values
  /** (batch, rank, nHeads, dState), the last token's key, rotated */
  readonly k: Values
  /** (batch, nHeads, headDim), the last token's input, before mimoX */
  readonly v: Values
}

/** What the Mamba-3 scan reads. */
export interface Mamba3ScanInputs {
  /** (batch, length, rank, nHeads, dState), C after bias and rotation */
  readonly q: Numbers
  /** (batch, length, rank, nHeads, dState), B after bias and rotation */
  readonly k: Numbers
  /** (batch, length, nHeads, headDim), called x in the projections */
  readonly v: Numbers
  /** (nHeads, rank, headDim), weights that make the rank inputs of v; ones if absent */
  readonly mimoX?: Numbers | undefined
  /** (batch, length, nHeads), step sizes after softplus, ≥ 0 */
  readonly delta: Numbers
  /** (batch, length, nHeads), < 0 */
  readonly A: Numbers
  /** (batch, length, nHeads), sigmoid of the trapezoid projection, from 0 to 1 */
  readonly lambda: Numbers
  /** (nHeads) */
  readonly D: Numbers
  /** What the tokens before left; zeros if absent */
  readonly state?: Mamba3ScanState | undefined
}

export interface Mamba3ScanDims {
  readonly batch: number
  readonly length: number
  /** Inputs and outputs per head: 1 for SISO, mimo_rank for MIMO. */
  readonly rank: number
  readonly nHeads: number
  readonly headDim: number
  readonly dState: number
}

export interface Mamba3ScanResult {
  /** (batch, length, rank, nHeads, headDim) */
  readonly y: Float64Array
  /** What the next tokens need */
  readonly state: Mamba3ScanState<Float64Array>
}

/**
 * The recurrence of Mamba-3, one token after the other, SISO (rank 1) and MIMO.
 *
 *     hₜ = α hₜ₋₁ + β Σᵣ vʳₜ₋₁ (kʳₜ₋₁)ᵀ + γ Σᵣ vʳₜ (kʳₜ)ᵀ        yʳₜ = hₜ qʳₜ + D vʳₜ        vʳ = v ⊙ mimoXʳ
 *
 * with α, β and γ of `exponentialTrapezoidal`. Per head, h is a headDim × dState matrix. Before the first
 * token of a sequence the previous key and value are zero.
 *
 * Source: Lahoti et al. 2026, arXiv:2603.15569; the step of state-spaces/mamba, modules/mamba3.py.
 * @throws ShapeError if an input does not fit the dims
 */
export function mamba3Scan(inputs: Mamba3ScanInputs, dims: Mamba3ScanDims): Mamba3ScanResult {
  checkMamba3Scan('mamba3Scan', inputs, dims)
  const { q, k, v, delta, A, lambda, D } = inputs
  const { batch, length, rank, nHeads, headDim, dState } = dims
  const mimoX = mimoWeights(inputs.mimoX, dims)
  const y = new Float64Array(batch * length * rank * nHeads * headDim)
  const state = copyState(inputs.state, dims)
  const { h } = state

  // A head's tokens before the next head, so that its state stays in the processor's cache.
  for (let bh = 0; bh < batch * nHeads; bh++) {
    const b = Math.floor(bh / nHeads)
    const head = bh % nHeads
    for (let row = b * length; row < (b + 1) * length; row++) {
      const i = row * nHeads + head
      const { alpha, beta, gamma } = exponentialTrapezoidal(A[i]!, delta[i]!, lambda[i]!)
      for (let p = 0; p < headDim; p++) {
        const s = (bh * headDim + p) * dState
        const older = beta * state.v[bh * headDim + p]!
        const newer = gamma * v[i * headDim + p]!
        for (let n = 0; n < dState; n++) {
          h[s + n]! *= alpha
        }
        for (let r = 0; r < rank; r++) {
          const weight = mimoX[(head * rank + r) * headDim + p]!
          const before = ((b * rank + r) * nHeads + head) * dState
          const now = ((row * rank + r) * nHeads + head) * dState
          for (let n = 0; n < dState; n++) {
            h[s + n]! += weight * (older * state.k[before + n]! + newer * k[now + n]!)
          }
        }
        for (let r = 0; r < rank; r++) {
          const output = (row * rank + r) * nHeads + head
          let sum = D[head]! * mimoX[(head * rank + r) * headDim + p]! * v[i * headDim + p]!
          for (let n = 0; n < dState; n++) {
            sum += q[output * dState + n]! * h[s + n]!
          }
          y[output * headDim + p] = sum
        }
      }
      rememberToken(state, inputs, dims, row, head)
    }
  }
  return { y, state }
}

/** Makes the key and value of one head at `row` of (batch · length) the previous ones of its sequence. */
export function rememberToken(
  state: Mamba3ScanState<Float64Array>,
  { k, v }: Mamba3ScanInputs,
  { length, rank, nHeads, headDim, dState }: Mamba3ScanDims,
  row: number,
  head: number,
): void {
  const b = Math.floor(row / length)
  for (let p = 0; p < headDim; p++) {
    state.v[(b * nHeads + head) * headDim + p] = v[(row * nHeads + head) * headDim + p]!
  }
  for (let r = 0; r < rank; r++) {
    const target = ((b * rank + r) * nHeads + head) * dState
    const source = ((row * rank + r) * nHeads + head) * dState
    for (let n = 0; n < dState; n++) {
      state.k[target + n] = k[source + n]!
    }
  }
}

/** A float64 copy of the state to start from and to write to. */
export function copyState(
  state: Mamba3ScanState | undefined,
  { batch, rank, nHeads, headDim, dState }: Mamba3ScanDims,
): Mamba3ScanState<Float64Array> {
  return {
    h: copyOrZeros(state?.h, batch * nHeads * headDim * dState),
    k: copyOrZeros(state?.k, batch * rank * nHeads * dState),
    v: copyOrZeros(state?.v, batch * nHeads * headDim),
  }
}

/** mimoX (nHeads, rank, headDim), or ones. */
export function mimoWeights(
  weights: Numbers | undefined,
  { nHeads, rank, headDim }: Mamba3ScanDims,
): Numbers {
  return weights ?? new Float64Array(nHeads * rank * headDim).fill(1)
}

/**
 * The check at the door of every form of the Mamba-3 scan.
 * @throws ShapeError if an input does not fit the dims
 */
export function checkMamba3Scan(operation: string, inputs: Mamba3ScanInputs, dims: Mamba3ScanDims): void {
  const { batch, length, rank, nHeads, headDim, dState } = dims
  expectShape(operation, 'q', inputs.q, { batch, length, rank, nHeads, dState })
  expectShape(operation, 'k', inputs.k, { batch, length, rank, nHeads, dState })
  expectShape(operation, 'v', inputs.v, { batch, length, nHeads, headDim })
  expectShape(operation, 'delta', inputs.delta, { batch, length, nHeads })
  expectShape(operation, 'A', inputs.A, { batch, length, nHeads })
  expectShape(operation, 'lambda', inputs.lambda, { batch, length, nHeads })
  expectShape(operation, 'D', inputs.D, { nHeads })
  if (inputs.mimoX !== undefined) {
    expectShape(operation, 'mimoX', inputs.mimoX, { nHeads, rank, headDim })
  }
  if (inputs.state !== undefined) {
    expectShape(operation, 'state.h', inputs.state.h, { batch, nHeads, headDim, dState })
    expectShape(operation, 'state.k', inputs.state.k, { batch, rank, nHeads, dState })
    expectShape(operation, 'state.v', inputs.state.v, { batch, nHeads, headDim })
  }
}
