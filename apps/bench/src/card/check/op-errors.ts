import { observeErrors, type Tolerance } from '@mamba/testing'
import { markdownTable } from '../output.ts'

/** The largest error of an op on this device, beside what the tolerance says. */
export interface OpError {
  readonly op: string
  /** Rounding error that the others are counted in, times the scale. */
  readonly epsilon: number
  /** The largest seen here. */
  readonly worst: number
  /** The largest seen before, as the tolerance has it. */
  readonly recorded: number
  /** The largest allowed. */
  readonly k: number
}

/**
 * Collects the errors that assertions compute.
 * @param errors are added to, by op and tolerance
 */
export function collectErrors(errors: Map<string, OpError>) {
  let current = ''
  observeErrors((error, { epsilon, observed, k }: Tolerance) => {
    // What must be exact has no tolerance to measure.
    if (k === 0) return
    const key = `${current} ${k} ${epsilon}`
    const worst = Math.max(error, errors.get(key)?.worst ?? 0)
    errors.set(key, { op: current, epsilon, worst, recorded: observed, k })
  })
  return {
    /** The tests that follow are of this op. */
    begin(op: string): void {
      current = op
    },
    end(): void {
      observeErrors(undefined)
    },
  }
}

/** As Markdown, those nearest to their limit first. */
export function opErrorTable(errors: Iterable<OpError>): string {
  const sorted = [...errors].sort((a, b) => b.worst / b.k - a.worst / a.k)
  const rows = sorted.map(({ op, worst, recorded, k }) => [
    op,
    worst.toFixed(1),
    String(recorded),
    String(k),
    (worst / k).toFixed(2),
  ])
  return markdownTable(['op', 'worst error', 'recorded', 'k', 'worst / k'], rows)
}
