import type { Speed } from './measure.ts'

type Rate = keyof Speed

/** Median, smallest and largest of the rates of several runs. */
export interface SpeedSummary {
  readonly median: Speed
  readonly minimum: Speed
  readonly maximum: Speed
}

/** @param runs at least one */
export function summarize(runs: readonly Speed[]): SpeedSummary {
  const sorted = (rate: Rate) => runs.map((run) => run[rate]).sort((a, b) => a - b)
  const each = (pick: (values: readonly number[]) => number): Speed => ({
    prefillTokensPerSecond: pick(sorted('prefillTokensPerSecond')),
    decodeTokensPerSecond: pick(sorted('decodeTokensPerSecond')),
  })
  return {
    median: each(median),
    minimum: each((values) => values[0]!),
    maximum: each((values) => values.at(-1)!),
  }
}

function median(sorted: readonly number[]): number {
  const middle = (sorted.length - 1) / 2
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2
}
