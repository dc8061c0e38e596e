import { expect } from 'vitest'
import type { Floats } from './arrays.ts'

/** Half the distance from 1 to the next number: the largest relative error of one rounding. */
export const EPSILON = { f64: 2 ** -53, f32: 2 ** -24, f16: 2 ** -11 } as const

/** How far a result may be from the specification, in units of the rounding error of the whole sum. */
export interface Tolerance {
  /** Rounding error of the arithmetic or, if coarser, of the storage under test. */
  readonly epsilon: number
  /** The largest error seen, in units of epsilon · scale. */
  readonly observed: number
  /** The largest error allowed: 2 to 3 times the observed. Raise it only with a stated cause. */
  readonly k: number
}

/**
 * Every tolerance of the workspace. `observed` is the worst of 1,200 to 6,000 random cases of each property
 * of the op, slow decay among them.
 */
export const TOLERANCE = {
  associativeScan: { epsilon: EPSILON.f64, observed: 4, k: 10 },
  causalConv1d: { epsilon: EPSILON.f64, observed: 4, k: 10 },
  /** Seen exact; five products a term may round in another order. */
  mamba3Output: { epsilon: EPSILON.f64, observed: 0, k: 5 },
  /** Nearly all of it is the test's own: its angles are not wrapped, and reach 130 radians. */
  mamba3Rotate: { epsilon: EPSILON.f64, observed: 120, k: 300 },
  mamba3Scan: { epsilon: EPSILON.f64, observed: 34, k: 80 },
  rmsNorm: { epsilon: EPSILON.f64, observed: 6, k: 15 },
  /** 3,000 tokens of slow decay, where every step adds its rounding error. */
  selectiveScan: { epsilon: EPSILON.f64, observed: 106, k: 256 },
  /** As selectiveScan. */
  ssd: { epsilon: EPSILON.f64, observed: 167, k: 400 },
} as const satisfies Record<string, Tolerance>

/**
 * The largest |got − want| / scale.
 * @param scale what the result would be if nothing cancelled: the same operation on absolute values
 * @returns 0 for empty arrays; Infinity where a number is not finite or differs although its scale is 0
 */
export function worstError(got: Floats, want: Floats, scale: Floats): number {
  let worst = 0
  for (let i = 0; i < want.length; i++) {
    worst = Math.max(worst, errorAt(i, got, want, scale))
  }
  return worst
}

/** Is told the largest error of a comparison, in units of epsilon · scale, whether it passes or not. */
export type ErrorObserver = (error: number, tolerance: Tolerance) => void

let observer: ErrorObserver | undefined

/**
 * Has every {@link expectWithin} from now on tell its error, to see on another device what `observed` is there.
 * @param next undefined: nobody is told any more
 */
export function observeErrors(next: ErrorObserver | undefined): void {
  observer = next
}

/**
 * Asserts |got − want| ≤ k · epsilon · scale for every element, and equal lengths.
 * With `scale` from the same operation on absolute values, cancellation cannot cause a false failure.
 */
export function expectWithin(got: Floats, want: Floats, scale: Floats, tolerance: Tolerance): void {
  const { k, epsilon } = tolerance
  expect(got.length, 'length of the result').toBe(want.length)
  observer?.(worstError(got, want, scale) / epsilon, tolerance)
  for (let i = 0; i < want.length; i++) {
    const error = errorAt(i, got, want, scale) / epsilon
    if (error > k) {
      expect.fail(
        `element ${i} is ${got[i]}; expected ${want[i]}; ` +
          `off by ${error.toFixed(1)} of the allowed ${k} times ${epsilon} · ${scale[i]}`,
      )
    }
  }
}

/** Asserts that every element is the same number, bit by bit but for the sign of zero, and equal lengths. */
export function expectSame(got: Floats, want: Floats): void {
  expectWithin(got, want, want, { epsilon: EPSILON.f64, observed: 0, k: 0 })
}

function errorAt(i: number, got: Floats, want: Floats, scale: Floats): number {
  const difference = Math.abs(got[i]! - want[i]!)
  if (difference === 0) {
    return 0
  }
  const error = difference / scale[i]!
  return Number.isNaN(error) ? Infinity : error
}
