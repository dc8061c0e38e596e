import { execFileSync } from 'node:child_process'
import { cpus, totalmem } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

/** Where and on what code was measured. */
export interface Machine {
  readonly processor: string
  /** Logical ones. */
  readonly processors: number
  /** In GiB. */
  readonly memory: number
  readonly node: string
  /** Short hash, with `-dirty` if files other than results differ from it. */
  readonly commit: string
}

export function describeMachine(): Machine {
  return {
    processor: cpus()[0]?.model ?? 'unknown processor',
    processors: cpus().length,
    memory: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    commit: process.env.CARD_COMMIT ?? commit(),
  }
}

/** One line of Markdown. */
export function machineText({ processor, processors, memory, node, commit }: Machine): string {
  return `${processor}, ${processors} logical processors, ${memory} GiB; Node ${node}; commit ${commit}`
}

/** Short hash of what is checked out, with `-dirty` if files other than results differ from it. */
export function commit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim()
  const changed = git('status', '--porcelain', '--', ':/', ':(top,exclude)apps/bench/results')
  return git('rev-parse', '--short', 'HEAD') + (changed ? '-dirty' : '')
}

/**
 * How busy the processors are while nothing of ours runs: figures taken on a busy machine mean little.
 * @param ms to look on
 * @returns 0 (idle) to 1
 */
export async function busyFraction(ms = 300): Promise<number> {
  const before = cpuTimes()
  await sleep(ms)
  const after = cpuTimes()
  const total = after.total - before.total
  return total === 0 ? 0 : 1 - (after.idle - before.idle) / total
}

function cpuTimes(): { readonly idle: number; readonly total: number } {
  const all = cpus().map(({ times }) => times)
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)
  return { idle: sum(all.map(({ idle }) => idle)), total: sum(all.map((times) => sum(Object.values(times)))) }
}
