import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Backend } from '@mamba/core'
import { type Check, verifyCheckpoint } from '@mamba/models/verify'
import { cardText, describeCard } from './card.ts'
import { markdownTable, type Output } from './output.ts'

/** What the checks of one folder gave. */
interface Verdict {
  readonly name: string
  readonly checks: readonly Check[]
  readonly seconds: number
  /** If it could not be checked. */
  readonly error?: string
}

/**
 * `mamba verify` of several folders, a line each.
 * @returns whether all checks of all folders hold
 */
export async function verify(
  backend: Backend,
  folders: readonly string[],
  signal: AbortSignal,
  output: Output,
): Promise<boolean> {
  const verdicts: Verdict[] = []
  for (const folder of folders) {
    if (!existsSync(join(folder, 'expected.safetensors'))) continue
    const verdict = await verdictOf(backend, folder, signal)
    console.log(lineOf(verdict))
    for (const { name, value, limit } of failed(verdict)) {
      console.log(`       ${name}: ${value.toExponential(2)}, limit ${limit.toExponential(0)}`)
    }
    verdicts.push(verdict)
  }
  const card = describeCard(backend)
  output.write('verify', { json: { card, verdicts }, markdown: report(cardText(card), verdicts) })
  return verdicts.length > 0 && verdicts.every(isGood)
}

async function verdictOf(backend: Backend, folder: string, signal: AbortSignal): Promise<Verdict> {
  const start = performance.now()
  const verdict = (checks: readonly Check[], error?: string): Verdict => ({
    name: basename(folder),
    checks,
    seconds: (performance.now() - start) / 1000,
    ...(error !== undefined && { error }),
  })
  const checks: Check[] = []
  try {
    await verifyCheckpoint(folder, { backend, signal, onCheck: (check) => checks.push(check) })
    return verdict(checks)
  } catch (error) {
    return verdict(checks, (error as Error).message)
  }
}

function failed({ checks }: Verdict): readonly Check[] {
  return checks.filter(({ ok }) => !ok)
}

function isGood(verdict: Verdict): boolean {
  return verdict.error === undefined && failed(verdict).length === 0
}

/** The check that is nearest to its limit. */
function worstOf({ checks }: Verdict): Check | undefined {
  const share = ({ value, limit }: Check) => (value === 0 ? 0 : value / limit)
  return checks.toSorted((a, b) => share(b) - share(a))[0]
}

function cellsOf(verdict: Verdict): string[] {
  const worst = worstOf(verdict)
  const logits = verdict.checks.find(({ name }) => name.startsWith('logits'))
  return [
    verdict.name,
    isGood(verdict) ? 'ok' : 'FAIL',
    `${verdict.checks.length - failed(verdict).length} of ${verdict.checks.length}`,
    logits ? logits.value.toExponential(1) : '–',
    worst ? `${worst.name}: ${worst.value.toExponential(1)} of ${worst.limit.toExponential(0)}` : '–',
    verdict.seconds.toFixed(1),
  ]
}

function lineOf(verdict: Verdict): string {
  const [name, state, count, logits, worst, seconds] = cellsOf(verdict)
  const line = `${state!.padEnd(5)} ${name!.padEnd(24)} ${count} checks; logits off by ${logits}; nearest to its limit: ${worst}; ${seconds} s`
  return verdict.error === undefined ? line : `${line}\n      ${verdict.error}`
}

function report(card: string, verdicts: readonly Verdict[]): string {
  const head = ['checkpoint', 'verdict', 'checks', 'logits', 'nearest to its limit', 's']
  return `# Checkpoints against their references

${card}. Written by \`card.mjs verify\`. Logits and hidden states are in standard deviations of the reference.

${markdownTable(head, verdicts.map(cellsOf), 2)}
`
}
