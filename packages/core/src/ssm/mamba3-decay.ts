import type { Numbers } from './numbers.ts'

/**
 * Activation of Mamba-3's decay: f(x) = max(x, 0) + 1 / (1 − min(x, 0)).
 *
 * Positive and increasing like softplus, with f(0) = 1, but its left tail falls like 1 / |x| instead of eˣ.
 */
export function heavyTail(x: number): number {
  return Math.max(x, 0) + 1 / (1 - Math.min(x, 0))
}

/**
 * The decay rate of every token and head of Mamba-3: A = min(−f(ddA), −aFloor), with f = `heavyTail`.
 *
 * Source: state-spaces/mamba, modules/mamba3.py. Published checkpoints need this activation; versions of that
 * file before June 2026 had softplus.
 * @param ddA the projection, any shape
 * @param aFloor the smallest |A|, > 0; 1e-4 in published models
 * @returns A, in the shape of ddA, ≤ −aFloor
 */
export function mamba3Decay(ddA: Numbers, aFloor: number): Float64Array {
  const A = new Float64Array(ddA.length)
  for (let i = 0; i < A.length; i++) {
    A[i] = Math.min(-heavyTail(ddA[i]!), -aFloor)
  }
  return A
}
