// Runs every check of the workspace (npm test), or those named (npm test -- lint typecheck), and sums up at the end.
import { runChild } from './set-up/child.mjs'
import { setUp } from './set-up/set-up.mjs'
import { root } from './set-up/state.mjs'

/** The scripts of package.json that are checks, the quick ones first. Those marked read `dist`. */
const checks = [
  { name: 'lint' },
  { name: 'check:repository' },
  { name: 'check:unused' },
  { name: 'typecheck' },
  { name: 'build' },
  { name: 'check:package', needsBuild: true },
  { name: 'check:size', needsBuild: true },
  { name: 'test:pack', needsBuild: true },
  { name: 'test:unit' },
  { name: 'test:dist', needsBuild: true },
]

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !checks.some((check) => check.name === name))
if (unknown.length > 0) {
  process.stderr.write(
    `no such check: ${unknown.join(' ')}; there are: ${checks.map(({ name }) => name).join(' ')}\n`,
  )
  process.exit(1)
}

const results = []
const buildFailed = () => results.some(({ name, result }) => name === 'build' && result !== 'passed')
for (const { name, needsBuild } of checks) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const start = Date.now()
  const result = needsBuild && buildFailed() ? 'skipped' : await run(name)
  results.push({ name, result, seconds: (Date.now() - start) / 1000 })
}

console.log('\n=== summary ===')
for (const { name, result, seconds } of results) {
  console.log(`${name.padEnd(18)} ${result.padEnd(8)} ${seconds.toFixed(1).padStart(7)} s`)
}
const count = (wantedResult) => results.filter(({ result }) => result === wantedResult).length
console.log(`checks: ${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`)
process.exitCode = count('passed') === results.length ? 0 : 1

async function run(name) {
  console.log(`\n=== ${name} ===`)
  // The set-up builds too; doing it there keeps this build and a set-up that runs beside it apart.
  if (name === 'build') {
    return setUp({ build: true }).then(
      () => 'passed',
      (error) => {
        process.stderr.write(`${error.message}\n`)
        return 'failed'
      },
    )
  }
  const { status, received } = await runChild('pnpm', ['run', '--silent', name], { cwd: root })
  // An interrupted turbo ends with status 0.
  if (received) process.exit(1)
  return status === 0 ? 'passed' : 'failed'
}
