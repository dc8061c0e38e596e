/** What several runs of the same work gave. */
export interface Summary {
  readonly median: number
  readonly minimum: number
  readonly maximum: number
  readonly runs: number
}

/** @param values at least one; of an even number of them the median is the mean of the middle two */
export function summarize(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  const median = (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2
  return { median, minimum: sorted[0]!, maximum: sorted.at(-1)!, runs: sorted.length }
}
