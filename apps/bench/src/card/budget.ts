/** Time that a command has; a machine may be lent for so long only. */
export interface Budget {
  /** Aborted when the time is over. */
  readonly signal: AbortSignal
  /** Whether a few seconds are left, so that something may be begun. */
  has(seconds: number): boolean
}

export function createBudget(seconds: number): Budget {
  const end = performance.now() + 1000 * seconds
  return {
    signal: AbortSignal.timeout(1000 * seconds),
    has: (needed) => performance.now() + 1000 * needed < end,
  }
}

/** How often something is measured. */
export interface Repetition {
  readonly runs: number
  /** After which no further run is begun. */
  readonly seconds: number
}

/**
 * Does something again and again, and once before that which does not count, unless that took all the time already.
 * @param run gives what it measured
 * @returns at least one value
 */
export async function repeated<T>(
  { runs, seconds }: Repetition,
  { signal }: Budget,
  run: () => Promise<T>,
): Promise<readonly T[]> {
  const start = performance.now()
  const isOver = () => performance.now() - start > 1000 * seconds
  const first = await run()
  const values: T[] = []
  while (values.length < runs && !isOver()) {
    signal.throwIfAborted()
    values.push(await run())
  }
  return values.length > 0 ? values : [first]
}
