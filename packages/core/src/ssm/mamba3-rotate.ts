import { ShapeError } from '../errors.ts'
import { copyOrZeros, expectDivides, expectShape, type Numbers } from './numbers.ts'

/** What the rotation reads. Head h uses the B and C of group ⌊h / (nHeads / nGroups)⌋. */
export interface Mamba3RotateInputs {
  /** (batch, length, rank, nGroups, dState), after RMS norm and its weight */
  readonly B: Numbers
  /** (batch, length, rank, nGroups, dState), after RMS norm and its weight */
  readonly C: Numbers
  /** (nHeads, rank, dState) */
  readonly BBias: Numbers
  /** (nHeads, rank, dState) */
  readonly CBias: Numbers
  /** (batch, length, nAngles), as projected */
  readonly angles: Numbers
  /** (batch, length, nHeads), step sizes after softplus, ≥ 0 */
  readonly delta: Numbers
  /** (batch, nHeads, nAngles), the angles of the token before the first, in radians; zeros if absent */
  readonly angleState?: Numbers | undefined
}

export interface Mamba3RotateDims {
  readonly batch: number
  readonly length: number
  /** Inputs and outputs per head: 1 for SISO, mimo_rank for MIMO. */
  readonly rank: number
  readonly nGroups: number
  readonly nHeads: number
  readonly dState: number
  /** Rotated pairs, at most dState / 2; the other dimensions stay as they are. */
  readonly nAngles: number
}

/** Which dimensions form pair i: (2i, 2i + 1) as in SISO models, or (i, i + dState / 2) as in MIMO models. */
export type RotationPairing = 'adjacent' | 'half'

export interface Mamba3RotateResult {
  /** (batch, length, rank, nHeads, dState), C with bias, rotated */
  readonly q: Float64Array
  /** (batch, length, rank, nHeads, dState), B with bias, rotated */
  readonly k: Float64Array
  /** (batch, nHeads, nAngles), the angles of the last token, in [0, 2π) */
  readonly angleState: Float64Array
}

/**
 * Queries and keys of Mamba-3: C and B for every head, with bias, rotated by an angle that grows with time.
 *
 *     φₜ = (φₜ₋₁ + π tanh(anglesₜ) Δₜ) mod 2π        (x, y) → (x cos φ − y sin φ, x sin φ + y cos φ)
 *
 * This is a complex-valued diagonal A, its imaginary part moved into B and C: qₜ·kₛ then depends on φₜ − φₛ
 * alone. The angles are shared by heads, but Δ is the head's own.
 *
 * Source: Lahoti et al. 2026, arXiv:2603.15569, section on complex-valued SSMs; state-spaces/mamba,
 * modules/mamba3.py.
 * @throws ShapeError if an input does not fit the dims, nGroups does not divide nHeads, nAngles > dState / 2, or
 * halves are paired and dState is odd
 */
export function mamba3Rotate(
  inputs: Mamba3RotateInputs,
  dims: Mamba3RotateDims,
  pairing: RotationPairing,
): Mamba3RotateResult {
  checkRotate(inputs, dims, pairing)
  const { batch, length, rank, nHeads, dState, nAngles } = dims
  const q = spreadToHeads(inputs.C, inputs.CBias, dims)
  const k = spreadToHeads(inputs.B, inputs.BBias, dims)
  const angleState = copyOrZeros(inputs.angleState, batch * nHeads * nAngles)
  const rates = Float64Array.from(inputs.angles, (angle) => Math.PI * Math.tanh(angle))
  const first = pairing === 'adjacent' ? 2 : 1
  const second = pairing === 'adjacent' ? 1 : dState / 2

  for (let row = 0; row < batch * length; row++) {
    const b = Math.floor(row / length)
    for (let head = 0; head < nHeads; head++) {
      const step = inputs.delta[row * nHeads + head]!
      for (let i = 0; i < nAngles; i++) {
        const s = (b * nHeads + head) * nAngles + i
        const angle = wrap(angleState[s]! + rates[row * nAngles + i]! * step)
        angleState[s] = angle
        const cos = Math.cos(angle)
        const sin = Math.sin(angle)
        for (let r = 0; r < rank; r++) {
          const x = ((row * rank + r) * nHeads + head) * dState + first * i
          rotatePair(q, x, x + second, cos, sin)
          rotatePair(k, x, x + second, cos, sin)
        }
      }
    }
  }
  return { q, k, angleState }
}

/** B or C with its bias for every head, (batch, length, rank, nHeads, dState). */
function spreadToHeads(
  grouped: Numbers,
  bias: Numbers,
  { batch, length, rank, nGroups, nHeads, dState }: Mamba3RotateDims,
): Float64Array {
  const headsPerGroup = nHeads / nGroups
  const spread = new Float64Array(batch * length * rank * nHeads * dState)
  for (let row = 0; row < batch * length * rank; row++) {
    const r = row % rank
    for (let head = 0; head < nHeads; head++) {
      const source = (row * nGroups + Math.floor(head / headsPerGroup)) * dState
      const target = (row * nHeads + head) * dState
      const bias0 = (head * rank + r) * dState
      for (let n = 0; n < dState; n++) {
        spread[target + n] = grouped[source + n]! + bias[bias0 + n]!
      }
    }
  }
  return spread
}

/** The angle modulo 2π, in [0, 2π). */
function wrap(angle: number): number {
  return angle - 2 * Math.PI * Math.floor(angle / (2 * Math.PI))
}

function rotatePair(vector: Float64Array, first: number, second: number, cos: number, sin: number): void {
  const x = vector[first]!
  const y = vector[second]!
  vector[first] = x * cos - y * sin
  vector[second] = x * sin + y * cos
}

function checkRotate(inputs: Mamba3RotateInputs, dims: Mamba3RotateDims, pairing: RotationPairing): void {
  const { batch, length, rank, nGroups, nHeads, dState, nAngles } = dims
  expectShape('mamba3Rotate', 'B', inputs.B, { batch, length, rank, nGroups, dState })
  expectShape('mamba3Rotate', 'C', inputs.C, { batch, length, rank, nGroups, dState })
  expectShape('mamba3Rotate', 'BBias', inputs.BBias, { nHeads, rank, dState })
  expectShape('mamba3Rotate', 'CBias', inputs.CBias, { nHeads, rank, dState })
  expectShape('mamba3Rotate', 'angles', inputs.angles, { batch, length, nAngles })
  expectShape('mamba3Rotate', 'delta', inputs.delta, { batch, length, nHeads })
  if (inputs.angleState !== undefined) {
    expectShape('mamba3Rotate', 'angleState', inputs.angleState, { batch, nHeads, nAngles })
  }
  expectDivides('mamba3Rotate', { nGroups, nHeads })
  const isOddHalved = pairing === 'half' && dState % 2 !== 0
  if (2 * nAngles > dState || isOddHalved) {
    const even = pairing === 'half' ? 'an even number, ' : ''
    throw new ShapeError(
      `mamba3Rotate: dState is ${dState}; expected ${even}2 · nAngles (${2 * nAngles}) or more`,
    )
  }
}
