import type { AssociativeScan } from './associative-scan.ts'
import { copyOrZeros } from './numbers.ts'
import {
  checkSelectiveScan,
  type SelectiveScanDims,
  type SelectiveScanInputs,
  type SelectiveScanResult,
} from './selective-scan.ts'

/**
 * Selective scan through an associative scan, as in S5 and in parallel implementations of Mamba.
 *
 * Every token becomes a step (aₜ, bₜ) = (exp(Δₜ A), Δₜ Bₜ uₜ) of dInner · dState independent recurrences; the
 * scan gives all states, and C reads them: yₜ = Cₜ hₜ + D uₜ. Equal to `selectiveScan` but for rounding; it
 * holds a whole sequence of states in memory.
 *
 * Source: Gu & Dao 2023, arXiv:2312.00752, section 3.3.2; Martin & Cundy 2018, arXiv:1709.04057.
 * @param scan `hillisSteeleScan` or `blellochScan`
 * @throws ShapeError if an input does not fit the dims
 */
export function selectiveScanAssociative(
  inputs: SelectiveScanInputs,
  dims: SelectiveScanDims,
  scan: AssociativeScan,
): SelectiveScanResult {
  checkSelectiveScan('selectiveScanAssociative', inputs, dims)
  const { batch, length, dInner, dState } = dims
  const width = dInner * dState
  const y = new Float64Array(batch * length * dInner)
  const h = copyOrZeros(inputs.h0, batch * width)

  for (let b = 0; b < batch; b++) {
    const steps = discretiseSequence(inputs, dims, b)
    const h0 = h.slice(b * width, (b + 1) * width)
    const states = scan({ ...steps, h0 }, { length, width })
    readOut(y, states, inputs, dims, b)
    if (length > 0) {
      h.set(states.subarray((length - 1) * width), b * width)
    }
  }
  return { y, h }
}

/** The steps a = exp(Δ A) and b = Δ B u of sequence `b` of the batch, both (length, dInner, dState). */
function discretiseSequence(
  { u, delta, A, B }: SelectiveScanInputs,
  { length, dInner, dState }: SelectiveScanDims,
  b: number,
): { a: Float64Array; b: Float64Array } {
  const decays = new Float64Array(length * dInner * dState)
  const additions = new Float64Array(length * dInner * dState)
  for (let t = 0; t < length; t++) {
    const row = b * length + t
    for (let d = 0; d < dInner; d++) {
      const step = delta[row * dInner + d]!
      const input = step * u[row * dInner + d]!
      const s = (t * dInner + d) * dState
      for (let n = 0; n < dState; n++) {
        decays[s + n] = Math.exp(step * A[d * dState + n]!)
        additions[s + n] = B[row * dState + n]! * input
      }
    }
  }
  return { a: decays, b: additions }
}

/** Writes y = C h + D u of sequence `b` of the batch; `states` is (length, dInner, dState). */
function readOut(
  y: Float64Array,
  states: Float64Array,
  { u, C, D }: SelectiveScanInputs,
  { length, dInner, dState }: SelectiveScanDims,
  b: number,
): void {
  for (let t = 0; t < length; t++) {
    const row = b * length + t
    for (let d = 0; d < dInner; d++) {
      const s = (t * dInner + d) * dState
      let sum = D === undefined ? 0 : D[d]! * u[row * dInner + d]!
      for (let n = 0; n < dState; n++) {
        sum += C[row * dState + n]! * states[s + n]!
      }
      y[row * dInner + d] = sum
    }
  }
}
