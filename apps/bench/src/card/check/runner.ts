/** Milliseconds that a test may take: what waits for a device which does not answer must end. */
const TIME_LIMIT = 60_000

export type Hook = () => unknown
export type TestFunction = (context: TestContext) => unknown
type HookKind = 'beforeAll' | 'afterAll' | 'beforeEach' | 'afterEach'

/** What a test is given. */
export interface TestContext {
  /** Ends the test, unless the condition is false; it then counts as passed. */
  skip(condition?: boolean | string, reason?: string): void
}

interface Test {
  readonly name: string
  readonly run: TestFunction
}

interface Suite {
  readonly name: string
  readonly hooks: Readonly<Record<HookKind, Hook[]>>
  readonly tests: Test[]
  readonly suites: Suite[]
}

/** A test that was run. */
export interface TestResult {
  /** Names of the suites that it is in, and its own. */
  readonly path: readonly string[]
  readonly ms: number
  /** What it threw, if it failed. */
  readonly error: unknown
}

/** What a run of tests says of itself. */
export interface RunOptions {
  /** Only tests whose path, joined by spaces, it matches. */
  readonly filter?: RegExp | undefined
  readonly onTest?: ((path: readonly string[]) => void) | undefined
  readonly onResult?: ((result: TestResult) => void) | undefined
  /** No further tests are started. */
  readonly signal?: AbortSignal | undefined
}

class Skipped extends Error {}

const context: TestContext = {
  skip(condition = true, reason = '') {
    if (condition !== false) throw new Skipped(condition === true ? reason : condition)
  },
}

const createSuite = (name: string): Suite => ({
  name,
  hooks: { beforeAll: [], afterAll: [], beforeEach: [], afterEach: [] },
  tests: [],
  suites: [],
})

/** Module state, as the functions that tests call know of no run that they are part of. */
let current = createSuite('')

/** Takes in what test files declare. */
export const collect = {
  suite(name: string, body: () => void): void {
    const parent = current
    current = createSuite(name)
    parent.suites.push(current)
    try {
      body()
    } finally {
      current = parent
    }
  },
  test(name: string, run: TestFunction): void {
    current.tests.push({ name, run })
  },
  hook(kind: HookKind, hook: Hook): void {
    current.hooks[kind].push(hook)
  },
  skipped(name: string): void {
    console.log(`skipped: ${name}`)
  },
}

/**
 * Runs the tests that a function declares, such as by importing a test file.
 * @param name of the suite around them
 */
export async function runTests(
  name: string,
  declare: () => unknown,
  options: RunOptions = {},
): Promise<readonly TestResult[]> {
  const suite = createSuite(name)
  const outer = current
  current = suite
  try {
    await declare()
  } finally {
    current = outer
  }
  const results: TestResult[] = []
  await runSuite(suite, [name], [], options, (result) => {
    results.push(result)
    options.onResult?.(result)
  })
  return results
}

async function runSuite(
  suite: Suite,
  path: readonly string[],
  around: readonly Suite[],
  options: RunOptions,
  report: (result: TestResult) => void,
): Promise<void> {
  const { filter, signal, onTest } = options
  if (!hasWanted(suite, path, filter)) return
  const failure = await failureOf(() => runHooks(suite.hooks.beforeAll))
  if (failure !== undefined) {
    report({ path: [...path, 'beforeAll'], ms: 0, error: failure })
    return
  }
  const suites = [...around, suite]
  for (const test of suite.tests) {
    const own = [...path, test.name]
    if (signal?.aborted || !isWanted(own, filter)) continue
    onTest?.(own)
    const start = performance.now()
    const error = await failureOf(() => runTest(test, suites))
    report({ path: own, ms: performance.now() - start, error })
  }
  for (const inner of suite.suites) await runSuite(inner, [...path, inner.name], suites, options, report)
  const after = await failureOf(() => runHooks(suite.hooks.afterAll))
  if (after !== undefined) report({ path: [...path, 'afterAll'], ms: 0, error: after })
}

function isWanted(path: readonly string[], filter: RegExp | undefined): boolean {
  return !filter || filter.test(path.join(' '))
}

function hasWanted({ tests, suites }: Suite, path: readonly string[], filter: RegExp | undefined): boolean {
  return (
    tests.some(({ name }) => isWanted([...path, name], filter)) ||
    suites.some((inner) => hasWanted(inner, [...path, inner.name], filter))
  )
}

async function runTest({ name, run }: Test, suites: readonly Suite[]): Promise<void> {
  try {
    for (const { hooks } of suites) await runHooks(hooks.beforeEach)
    await run(context)
  } catch (error) {
    if (!(error instanceof Skipped)) throw error
    collect.skipped(`${name}${error.message && ': '}${error.message}`)
  } finally {
    for (const { hooks } of suites.toReversed()) await runHooks(hooks.afterEach)
  }
}

async function runHooks(hooks: readonly Hook[]): Promise<void> {
  for (const hook of hooks) await hook()
}

/** What a function throws, at once or later; undefined if nothing. */
async function failureOf(fn: () => Promise<void>): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_, reject) => {
    const late = () => reject(new Error(`not done after ${TIME_LIMIT / 1000} s`))
    timer = setTimeout(late, TIME_LIMIT)
  })
  try {
    await Promise.race([fn(), limit])
    return undefined
  } catch (error) {
    return error ?? new Error('it threw nothing')
  } finally {
    clearTimeout(timer)
  }
}
