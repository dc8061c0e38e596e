import { files } from 'card:tests'
import { describeBackend } from '@mamba/conformance'
import { type WebGpuOptions, webgpu } from '@mamba/webgpu'
import fc from 'fast-check'
import { type Card, cardText, describeCard } from '../card.ts'
import type { Output } from '../output.ts'
import { collectErrors, type OpError, opErrorTable } from './op-errors.ts'
import { runTests, type TestResult } from './runner.ts'

/** What is left out of a device, so that every path is taken. */
const variants: Readonly<Record<string, WebGpuOptions>> = {
  all: {},
  'no-subgroups': { features: { subgroups: false } },
  'no-f16': { features: { f16: false } },
  'default-limits': { limits: 'default' },
}

/** Names of the variants of a device, and `own`: the package's own tests. */
export const checkNames: readonly string[] = [...Object.keys(variants), 'own']

export interface CheckOptions {
  readonly names: readonly string[]
  readonly filter: RegExp | undefined
  /** Random cases of each property, and the largest size of an axis in them. */
  readonly runs: number
  readonly maxSize: number
  readonly seed: number | undefined
  /** Whether an adapter that computes in software will do. */
  readonly software: boolean
  readonly signal: AbortSignal
}

/** @returns whether everything was run, and passed */
export async function check(options: CheckOptions, output: Output): Promise<boolean> {
  const { names, seed, software, signal } = options
  if (seed !== undefined) fc.configureGlobal({ seed })
  const probe = await webgpu({ software })
  const card = describeCard(probe)
  probe.destroy()
  console.log(`${cardText(card)}\n${card.features.join(', ')}`)
  const results: TestResult[] = []
  // Errors that nobody waited for belong to no test, and would end the process.
  const unhandled = (error: unknown) => {
    console.log(`FAIL nobody waited for an error\n${indented(messageOf(error))}`)
    results.push({ path: ['unhandled'], ms: 0, error })
  }
  process.on('unhandledRejection', unhandled)
  const errors = new Map<string, OpError>()
  const { begin, end } = collectErrors(errors)
  for (const name of names) {
    const found = await (name === 'own' ? ownTests(options, begin) : conformance(name, options, begin))
    results.push(...found)
    // After each one: a machine that is lent may be taken back.
    save(output, { card, names, results, errors: [...errors.values()] })
  }
  end()
  process.off('unhandledRejection', unhandled)
  if (signal.aborted) console.log('\nno time was left for the rest')
  console.log(`\n${opErrorTable(errors.values())}\n\n${summaryOf(results)}`)
  return !signal.aborted && results.length > 0 && failuresOf(results).length === 0
}

interface CheckResults {
  readonly card: Card
  readonly names: readonly string[]
  readonly results: readonly TestResult[]
  readonly errors: readonly OpError[]
}

function save(output: Output, { card, names, results, errors }: CheckResults): void {
  const failures = failuresOf(results).map(({ path, error }) => ({
    test: path.join(' > '),
    message: messageOf(error),
  }))
  output.write('check', {
    json: { card, names, tests: results.length, failures, errors },
    markdown: `# Conformance on ${card.name}

${cardText(card)}. Written by \`card.mjs check\`.

${summaryOf(results)}; variants: ${names.join(', ')}.

Errors in units of the rounding error of float32 times the scale of the op, the worst of all cases.

${opErrorTable(errors)}
`,
  })
}

function failuresOf(results: readonly TestResult[]): readonly TestResult[] {
  return results.filter(({ error }) => error !== undefined)
}

function summaryOf(results: readonly TestResult[]): string {
  const failed = failuresOf(results).length
  return `${results.length - failed} passed, ${failed} failed`
}

/** @param begin is told the op of the tests that follow */
function conformance(
  name: string,
  options: CheckOptions,
  begin: (op: string) => void,
): Promise<readonly TestResult[]> {
  const { runs, maxSize, software } = options
  const declare = () =>
    describeBackend('webgpu', () => webgpu({ ...variants[name], software }), {
      runs,
      maxSize,
      seesValues: false,
    })
  // The op comes after the variant and the backend.
  return reported(name, declare, options, ([, , op]) => begin(op!))
}

async function ownTests(options: CheckOptions, begin: (op: string) => void): Promise<readonly TestResult[]> {
  const results: TestResult[] = []
  for (const { path, load } of files) {
    results.push(...(await reported(path, load, options, () => begin(path))))
  }
  return results
}

/** Runs tests and prints a line for each suite, and for each test that fails. */
async function reported(
  name: string,
  declare: () => unknown,
  { filter, signal }: CheckOptions,
  onTest?: (path: readonly string[]) => void,
): Promise<readonly TestResult[]> {
  const start = performance.now()
  let slowest = { ms: 0, name: '' }
  const results = await runTests(name, declare, {
    filter,
    signal,
    onTest,
    onResult: ({ path, ms, error }) => {
      if (ms > slowest.ms) slowest = { ms, name: path.slice(1).join(' > ') }
      if (error !== undefined) console.log(`FAIL ${path.join(' > ')}\n${indented(messageOf(error))}`)
    },
  }).catch((error: unknown): TestResult[] => {
    console.log(`FAIL ${name}: it cannot be loaded\n${indented(messageOf(error))}`)
    return [{ path: [name], ms: 0, error }]
  })
  const failed = failuresOf(results).length
  if (results.length > 0) {
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    console.log(
      `${failed === 0 ? 'ok  ' : 'FAIL'} ${name}: ${results.length - failed} of ${results.length} tests, ${seconds} s ` +
        `(slowest ${(slowest.ms / 1000).toFixed(1)} s: ${slowest.name})`,
    )
  }
  return results
}

/** The message of an error and of its causes. Counterexamples can be long. */
function messageOf(error: unknown): string {
  const messages: string[] = []
  for (let at = error; at instanceof Error; at = at.cause) messages.push(at.message)
  const text = messages.length > 0 ? messages.join('\ncaused by: ') : String(error)
  return text.length > 3000 ? `${text.slice(0, 3000)} …` : text
}

function indented(text: string): string {
  return text.replace(/^/gm, '     ')
}
