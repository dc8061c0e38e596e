/** One comparison with the reference. */
export interface Check {
  /** What was compared: `logits`, `hidden_states.3`, `greedy_ids`. */
  readonly name: string
  /** How far apart they are; NaN if that could not be told. */
  readonly value: number
  /** The most that `value` may be. */
  readonly limit: number
  readonly ok: boolean
}

/** Whether `value` is within `limit`; NaN is not. */
export function check(name: string, value: number, limit: number): Check {
  return { name, value, limit, ok: value <= limit }
}

/**
 * The largest difference, in standard deviations of the reference.
 * @returns NaN if a value is NaN; Infinity if the lengths differ
 */
export function deviation(got: ArrayLike<number>, want: ArrayLike<number>): number {
  if (got.length !== want.length) return Number.POSITIVE_INFINITY
  const largest = largestDifference(got, want)
  return largest === 0 ? 0 : largest / standardDeviation(want)
}

/** The largest difference. @returns NaN if a value is NaN */
export function largestDifference(got: ArrayLike<number>, want: ArrayLike<number>): number {
  let largest = 0
  for (let i = 0; i < want.length; i++) largest = Math.max(largest, Math.abs(got[i]! - want[i]!))
  return largest
}

/** Σ / count. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]!
  return sum / values.length
}

function standardDeviation(values: ArrayLike<number>): number {
  const centre = mean(values)
  let squares = 0
  for (let i = 0; i < values.length; i++) squares += (values[i]! - centre) ** 2
  return Math.sqrt(squares / values.length)
}
