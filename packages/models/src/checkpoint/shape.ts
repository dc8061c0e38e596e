/**
 * Number of elements of a shape that comes from a file.
 * @returns undefined if an axis is not a whole number of 0 or more, or if the product is beyond 2^53
 */
export function checkedElementCount(shape: readonly unknown[]): number | undefined {
  let count = 1
  for (const size of shape) {
    if (!isSize(size)) return undefined
    count *= size
    if (!Number.isSafeInteger(count)) return undefined
  }
  return count
}

/** Whether `value` can be a size or an offset: a whole number from 0 to 2^53 − 1. */
export function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
