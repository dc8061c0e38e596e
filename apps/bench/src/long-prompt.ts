/*
 * Memory and time of reading prompts of growing length:
 * `pnpm --filter @mamba/bench long-prompt [model] [cpu|wasm] [lengths…]`.
 *
 * Each length is read in a process of its own, so that its peak is its own. Writes results/long-prompt.md.
 */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { cpu } from '@mamba/core'
import { loadModel } from '@mamba/models'
import { stories } from '@mamba/stories'
import { wasm } from '@mamba/wasm'

interface Measurement {
  readonly length: number
  readonly seconds: number
  readonly stateBytes: number
  readonly loadedBytes: number
  readonly peakBytes: number
}

const [command = 'stories', ...words] = process.argv.slice(2)
if (command === '--one') {
  const [model, backend, length] = words as [string, string, string]
  console.log(JSON.stringify(await measure(model, backend, Number(length))))
} else {
  const [backend = 'wasm', ...given] = words
  const lengths = given.length > 0 ? given.map(Number) : [1_000, 10_000, 100_000]
  report(
    command,
    backend,
    lengths.map((length) => measureInChild(command, backend, length)),
  )
}

function measureInChild(model: string, backend: string, length: number): Measurement {
  const script = fileURLToPath(import.meta.url)
  const args = [...process.execArgv, script, '--one', model, backend, String(length)]
  const measured: Measurement = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }))
  console.error(row(measured))
  return measured
}

async function measure(source: string, place: string, length: number): Promise<Measurement> {
  const backend = place === 'cpu' ? cpu() : await wasm()
  const model = await loadModel(source === 'stories' ? stories() : source, { backend })
  // Any ids will do: the work does not depend on them.
  const ids = Array.from({ length }, (_, i) => (i * 7919) % model.vocabSize)
  using state = model.createState()
  const loadedBytes = process.memoryUsage.rss()
  const start = performance.now()
  const logits = await model.prefill(ids, { state })
  const seconds = (performance.now() - start) / 1000
  logits.destroy()
  // maxRSS is in kibibytes.
  return {
    length,
    seconds,
    stateBytes: state.byteLength,
    loadedBytes,
    peakBytes: process.resourceUsage().maxRSS * 1024,
  }
}

function row({ length, seconds, stateBytes, loadedBytes, peakBytes }: Measurement): string {
  const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1)
  const cells = [
    length.toLocaleString('en'),
    (length / seconds).toFixed(0),
    mebibytes(stateBytes),
    mebibytes(loadedBytes),
    mebibytes(peakBytes),
  ]
  return `| ${cells.join(' | ')} |`
}

function report(model: string, backend: string, measurements: readonly Measurement[]): void {
  const text = `# Reading long prompts

Model ${model}, ${backend} backend, chunks of 512, Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}. \
Resident memory of the whole process, one process a length.

| tokens | tokens/s | state, MiB | after loading, MiB | peak, MiB |
|---:|---:|---:|---:|---:|
${measurements.map(row).join('\n')}
`
  writeFileSync(new URL('../results/long-prompt.md', import.meta.url), text)
  console.log(text)
}
