/*
 * Memory that loading a model from a file takes at its peak, beside what its weights take:
 * `pnpm --filter @mamba/bench loading [model:dtype…]`, each a random model of a published size.
 *
 * Each file is loaded in a process of its own, so that its peak is its own. Writes results/loading.md.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DType } from '@mamba/core'
import { exportGguf, inspectModel, loadModel, randomModel } from '@mamba/models'
import { wasm } from '@mamba/wasm'
import { describeMachine, machineText } from './report/machine.ts'

/** In bytes. */
interface Loading {
  /** What the weights take on the backend. */
  readonly weightBytes: number
  /** Resident memory at its peak, less what was resident before. */
  readonly peakBytes: number
  /** Resident memory afterwards, less what was resident before. */
  readonly loadedBytes: number
}

interface Row extends Loading {
  readonly name: string
  readonly largestBytes: number
}

const [command = '', ...words] = process.argv.slice(2)
if (command === '--one') {
  console.log(JSON.stringify(await load(words[0]!)))
} else {
  const given = command === '' ? [] : [command, ...words]
  const names =
    given.length > 0 ? given : ['mamba-130m:f16', 'mamba-130m:q8_0', 'mamba-370m:q8_0', 'mamba-370m:f32']
  const folder = mkdtempSync(join(tmpdir(), 'mamba-loading-'))
  const rows: Row[] = []
  try {
    for (const name of names) {
      rows.push(await measure(name, folder))
      console.error(cells(rows.at(-1)!))
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
  writeFileSync(new URL('../results/loading.md', import.meta.url), report(rows))
}

/** @param name such as `mamba-130m:q8_0` */
async function measure(name: string, folder: string): Promise<Row> {
  const [model = '', dtype] = name.split(':') as [string, DType]
  const path = join(folder, `${name.replace(':', '-')}.gguf`)
  await writeFile(path, exportGguf(randomModel(model, { dtype }), { dtype }))
  try {
    const { tensors } = await inspectModel(path)
    const largestBytes = Math.max(...tensors.map(({ byteLength }) => byteLength))
    const args = [...process.execArgv, fileURLToPath(import.meta.url), '--one', path]
    const loading: Loading = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }))
    return { name, largestBytes, ...loading }
  } finally {
    rmSync(path)
  }
}

async function load(path: string): Promise<Loading> {
  const backend = await wasm()
  const { live } = backend.memoryUse()
  const before = process.memoryUsage.rss()
  const model = await loadModel(path, { backend })
  const loadedBytes = process.memoryUsage.rss() - before
  // maxRSS is in kibibytes.
  const peakBytes = process.resourceUsage().maxRSS * 1024 - before
  const weightBytes = backend.memoryUse().live - live
  model.dispose()
  backend.destroy()
  return { weightBytes, peakBytes, loadedBytes }
}

function cells({ name, weightBytes, largestBytes, peakBytes, loadedBytes }: Row): string {
  const bytes = [weightBytes, largestBytes, peakBytes, peakBytes - weightBytes, loadedBytes]
  return `| ${[name, ...bytes.map((count) => (count / 2 ** 20).toFixed(1))].join(' | ')} |`
}

function report(rows: readonly Row[]): string {
  return `# Memory of loading a model

GGUF files of random weights; WebAssembly; ${machineText(describeMachine())}. Written by \`pnpm --filter @mamba/bench loading\`.

MiB of resident memory, less what the process took before it began to load. The largest tensor is what one read takes.

| model | weights | largest tensor | peak | peak − weights | afterwards |
|---|---:|---:|---:|---:|---:|
${rows.map(cells).join('\n')}
`
}
