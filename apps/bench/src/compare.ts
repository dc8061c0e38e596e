/*
 * Ours against native llama.cpp and against wllama in headless Chromium: `pnpm --filter @mamba/bench compare`.
 *
 *   --models <text>     only models whose name contains it, such as mamba-130m or q8_0
 *   --engines <a,b>     of mamba, llama.cpp, mamba-chromium, wllama (default: all)
 *   --threads <a,b>     default 1,2
 *   --rounds <n>        default 3
 *   --seconds <n>       that one engine is measured for with one model at most, but once at least; default 45
 *   --fresh             measures anew what the results file has from this commit
 *
 * Writes results/compare.{json,md,svg} after each setting: run again, it goes on where it was stopped.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type EngineName, engineKinds } from './engines/engines.ts'
import { type Measurement, measureSetting } from './measure-setting.ts'
import { benchModels } from './models.ts'
import type { Comparison } from './report/comparison.ts'
import { comparisonChart } from './report/comparison-chart.ts'
import { comparisonReport } from './report/comparison-report.ts'
import { describeMachine } from './report/machine.ts'

const { values: flags } = parseArgs({
  options: {
    models: { type: 'string', default: '' },
    engines: { type: 'string', default: engineKinds.map(({ name }) => name).join(',') },
    threads: { type: 'string', default: '1,2' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '45' },
    fresh: { type: 'boolean', default: false },
  },
})
const wanted = flags.engines.split(',')
const unknown = wanted.find((name) => !engineKinds.some((kind) => kind.name === name))
if (unknown !== undefined) throw new Error(`compare: there is no engine ${unknown}`)

const models = benchModels.filter(({ name }) => name.includes(flags.models))
if (models.length === 0) throw new Error(`compare: there is no model whose name contains ${flags.models}`)

installPeers()
const machine = describeMachine()
let measurements: readonly Measurement[] = flags.fresh ? [] : earlier()
for (const model of models) {
  const modelPath = await model.file()
  if (modelPath === undefined) {
    console.error(`${model.name}: left out, ../shared/models/stories-mamba-13m is not there`)
    continue
  }
  for (const threads of flags.threads.split(',').map(Number)) {
    const kinds = engineKinds.filter(({ name }) => wanted.includes(name))
    if (kinds.every(({ name }) => isMeasured(name, model.name, threads))) continue
    console.error(`${model.name}, ${threads} thread${threads > 1 ? 's' : ''}`)
    const measured = await measureSetting({
      model: model.name,
      options: { modelPath, threads, vocabSize: model.vocabSize },
      kinds,
      rounds: Number(flags.rounds),
      seconds: Number(flags.seconds),
    })
    // What was measured side by side is kept together, or not at all.
    const others = measurements.filter((old) => old.model !== model.name || old.threads !== threads)
    measurements = [...others, ...measured].sort((a, b) => order(a) - order(b))
    save({ machine, date: new Date().toISOString().slice(0, 10), measurements })
  }
}
console.log(readFileSync(result('compare.md'), 'utf8'))

/** Into a folder outside the workspace, because of their size. Nothing is built, and no script of theirs runs. */
function installPeers(): void {
  const folder = fileURLToPath(new URL('../peers', import.meta.url))
  const args = ['install', '--frozen-lockfile', '--ignore-scripts', '--reporter=silent']
  // On Windows pnpm is a script of the shell.
  execFileSync('pnpm', args, { cwd: folder, stdio: 'inherit', shell: process.platform === 'win32' })
}

/** The measurements of this commit on this machine that an earlier run has left. */
function earlier(): readonly Measurement[] {
  try {
    const { machine: before, measurements }: Comparison = JSON.parse(
      readFileSync(result('compare.json'), 'utf8'),
    )
    return JSON.stringify(before) === JSON.stringify(machine) ? measurements : []
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

function isMeasured(engine: EngineName, model: string, threads: number): boolean {
  return measurements.some((old) => old.engine === engine && old.model === model && old.threads === threads)
}

/** Sorts measurements as they are made: by model, then by threads. */
function order({ model, threads }: Measurement): number {
  return benchModels.findIndex(({ name }) => name === model) * 1000 + threads
}

function save(comparison: Comparison): void {
  writeFileSync(result('compare.json'), `${JSON.stringify(comparison, null, 2)}\n`)
  writeFileSync(result('compare.md'), comparisonReport(comparison))
  writeFileSync(result('compare.svg'), comparisonChart(comparison))
}

function result(name: string): URL {
  return new URL(`../results/${name}`, import.meta.url)
}
