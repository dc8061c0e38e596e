import { copyOrZeros, expectShape, type Numbers } from './numbers.ts'

/** What the selective scan reads. */
export interface SelectiveScanInputs {
  /** (batch, length, dInner) */
  readonly u: Numbers
  /** (batch, length, dInner), step sizes after softplus, ≥ 0 */
  readonly delta: Numbers
  /** (dInner, dState), < 0 */
  readonly A: Numbers
  /** (batch, length, dState) */
  readonly B: Numbers
  /** (batch, length, dState) */
  readonly C: Numbers
  /** (dInner); no skip connection if absent */
  readonly D?: Numbers | undefined
  /** (batch, dInner, dState), the state before the first token; zeros if absent */
  readonly h0?: Numbers | undefined
}

export interface SelectiveScanDims {
  readonly batch: number
  readonly length: number
  readonly dInner: number
  readonly dState: number
}

export interface SelectiveScanResult {
  /** (batch, length, dInner) */
  readonly y: Float64Array
  /** (batch, dInner, dState), the state after the last token */
  readonly h: Float64Array
}

/**
 * Selective scan, one token after the other: the recurrence of Mamba.
 *
 *     hₜ = exp(Δₜ A) hₜ₋₁ + Δₜ Bₜ uₜ        yₜ = Cₜ hₜ + D uₜ
 *
 * Per channel, h, A, Bₜ and Cₜ have dState entries, and A is diagonal. B is discretised by Euler's rule, not
 * by zero-order hold: so does the official code, against the letter of the paper.
 *
 * Source: Gu & Dao 2023, arXiv:2312.00752, Algorithm 2; `selective_scan_ref` of state-spaces/mamba.
 * @throws ShapeError if an input does not fit the dims
 */
export function selectiveScan(inputs: SelectiveScanInputs, dims: SelectiveScanDims): SelectiveScanResult {
  checkSelectiveScan('selectiveScan', inputs, dims)
  const { u, delta, A, B, C, D, h0 } = inputs
  const { batch, length, dInner, dState } = dims
  const y = new Float64Array(batch * length * dInner)
  const h = copyOrZeros(h0, batch * dInner * dState)

  for (let row = 0; row < batch * length; row++) {
    const b = Math.floor(row / length)
    const bc = row * dState
    for (let d = 0; d < dInner; d++) {
      const i = row * dInner + d
      const a = d * dState
      const s = (b * dInner + d) * dState
      const step = delta[i]!
      const input = step * u[i]!
      let sum = D === undefined ? 0 : D[d]! * u[i]!
      for (let n = 0; n < dState; n++) {
        const state = Math.exp(step * A[a + n]!) * h[s + n]! + B[bc + n]! * input
        h[s + n] = state
        sum += C[bc + n]! * state
      }
      y[i] = sum
    }
  }
  return { y, h }
}

/**
 * The check at the door of every form of the selective scan.
 * @throws ShapeError if an input does not fit the dims
 */
export function checkSelectiveScan(
  operation: string,
  inputs: SelectiveScanInputs,
  dims: SelectiveScanDims,
): void {
  const { batch, length, dInner, dState } = dims
  expectShape(operation, 'u', inputs.u, { batch, length, dInner })
  expectShape(operation, 'delta', inputs.delta, { batch, length, dInner })
  expectShape(operation, 'A', inputs.A, { dInner, dState })
  expectShape(operation, 'B', inputs.B, { batch, length, dState })
  expectShape(operation, 'C', inputs.C, { batch, length, dState })
  if (inputs.D !== undefined) {
    expectShape(operation, 'D', inputs.D, { dInner })
  }
  if (inputs.h0 !== undefined) {
    expectShape(operation, 'h0', inputs.h0, { batch, dInner, dState })
  }
}
