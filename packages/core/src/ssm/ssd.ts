import { ShapeError } from '../errors.ts'
import { copyOrZeros, expectDivides, expectShape, type Numbers } from './numbers.ts'

/** What SSD reads. Head h uses the B and C of group ⌊h / (nHeads / nGroups)⌋. */
export interface SsdInputs {
  /** (batch, length, nHeads, headDim) */
  readonly x: Numbers
  /** (batch, length, nHeads), step sizes after softplus and clamp, ≥ 0 */
  readonly delta: Numbers
  /** (nHeads), < 0 */
  readonly A: Numbers
  /** (batch, length, nGroups, dState) */
  readonly B: Numbers
  /** (batch, length, nGroups, dState) */
  readonly C: Numbers
  /** (nHeads) or (nHeads, headDim); no skip connection if absent */
  readonly D?: Numbers | undefined
  /** (batch, nHeads, headDim, dState), the state before the first token; zeros if absent */
  readonly h0?: Numbers | undefined
}

export interface SsdDims {
  readonly batch: number
  readonly length: number
  readonly nHeads: number
  readonly headDim: number
  readonly nGroups: number
  readonly dState: number
}

export interface SsdResult {
  /** (batch, length, nHeads, headDim) */
  readonly y: Float64Array
  /** (batch, nHeads, headDim, dState), the state after the last token */
  readonly h: Float64Array
}

/**
 * State-space dual layer in its recurrent form: the recurrence of Mamba-2, one token after the other.
 *
 *     hₜ = exp(Δₜ A) hₜ₋₁ + Δₜ xₜ Bₜᵀ        yₜ = hₜ Cₜ + D xₜ
 *
 * Per head, h is a headDim × dState matrix and A is one number.
 *
 * Source: Dao & Gu 2024, arXiv:2405.21060, section 3.
 * @throws ShapeError if an input does not fit the dims or nGroups does not divide nHeads
 */
export function ssd(inputs: SsdInputs, dims: SsdDims): SsdResult {
  checkSsd('ssd', inputs, dims)
  const { x, delta, A, B, C, D, h0 } = inputs
  const { batch, length, nHeads, headDim, nGroups, dState } = dims
  const headsPerGroup = nHeads / nGroups
  const skip = skipWeights(D, nHeads, headDim)
  const y = new Float64Array(batch * length * nHeads * headDim)
  const h = copyOrZeros(h0, batch * nHeads * headDim * dState)

  // A head's tokens before the next head, so that its state stays in the processor's cache.
  for (let bh = 0; bh < batch * nHeads; bh++) {
    const b = Math.floor(bh / nHeads)
    const head = bh % nHeads
    const group = Math.floor(head / headsPerGroup)
    for (let row = b * length; row < (b + 1) * length; row++) {
      const step = delta[row * nHeads + head]!
      const decay = Math.exp(step * A[head]!)
      const bc = (row * nGroups + group) * dState
      for (let p = 0; p < headDim; p++) {
        const i = (row * nHeads + head) * headDim + p
        const s = (bh * headDim + p) * dState
        const input = step * x[i]!
        let sum = skip[head * headDim + p]! * x[i]!
        for (let n = 0; n < dState; n++) {
          const state = decay * h[s + n]! + input * B[bc + n]!
          h[s + n] = state
          sum += C[bc + n]! * state
        }
        y[i] = sum
      }
    }
  }
  return { y, h }
}

/**
 * The check at the door of every form of SSD.
 * @throws ShapeError if an input does not fit the dims or nGroups does not divide nHeads
 */
export function checkSsd(operation: string, inputs: SsdInputs, dims: SsdDims): void {
  const { batch, length, nHeads, headDim, nGroups, dState } = dims
  expectShape(operation, 'x', inputs.x, { batch, length, nHeads, headDim })
  expectShape(operation, 'delta', inputs.delta, { batch, length, nHeads })
  expectShape(operation, 'A', inputs.A, { nHeads })
  expectShape(operation, 'B', inputs.B, { batch, length, nGroups, dState })
  expectShape(operation, 'C', inputs.C, { batch, length, nGroups, dState })
  expectDivides(operation, { nGroups, nHeads })
  const skips = inputs.D?.length ?? nHeads
  if (skips !== nHeads && skips !== nHeads * headDim) {
    const expected = `[${nHeads}] (nHeads) or [${nHeads}, ${headDim}] (nHeads, headDim)`
    throw new ShapeError(`${operation}: D has ${skips} elements; expected ${expected}`)
  }
  if (inputs.h0 !== undefined) {
    expectShape(operation, 'h0', inputs.h0, { batch, nHeads, headDim, dState })
  }
}

/** D as (nHeads, headDim), whichever of its two shapes it has; zeros if absent. */
export function skipWeights(D: Numbers | undefined, nHeads: number, headDim: number): Float64Array {
  const skip = new Float64Array(nHeads * headDim)
  if (D !== undefined) {
    const repeats = skip.length / D.length
    for (let i = 0; i < skip.length; i++) {
      skip[i] = D[Math.floor(i / repeats)]!
    }
  }
  return skip
}
