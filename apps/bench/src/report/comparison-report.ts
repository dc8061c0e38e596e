import { engineKinds } from '../engines/engines.ts'
import { type Comparison, type Phase, phases, type Row, rate, ratio, rowsOf } from './comparison.ts'
import { machineText } from './machine.ts'
import type { Summary } from './statistics.ts'

const titles = { prefill: 'Prefill of 1,024 tokens', decode: 'Decode of 128 tokens after it' } as const

/** The comparison as Markdown. */
export function comparisonReport(comparison: Comparison): string {
  const rows = rowsOf(comparison)
  const abouts = new Map(comparison.measurements.map(({ engine, about }) => [engine, about]))
  const engines = engineKinds.filter(({ name }) => abouts.has(name))
  return `# Speed beside llama.cpp and wllama

${machineText(comparison.machine)}; ${comparison.date}. Written by \`pnpm --filter @mamba/bench compare\`.

Tokens per second: median (smallest to largest) of the rounds. The engines run the same GGUF file, each in a process of \
its own, in alternation, after a warm-up. Prefill ends when the first token is known; all choose tokens greedily.

${engines.map(({ name, label }) => `- ${label}: ${abouts.get(name)}`).join('\n')}

![Speed relative to native llama.cpp](./compare.svg)

${phases.map((phase) => `## ${titles[phase]}\n\n${phaseTable(rows, phase)}`).join('\n\n')}

## How the figures were taken
${busyWarning(comparison)}
${conditionsTable(rows)}

"Busy" is what other programs took of the processors before each round, at most. "Same tokens" counts those that ours \
in Node and llama.cpp wrote alike before the first difference, of 129. Where an engine is so slow that it was given a \
shorter prompt, its length is named.
`
}

function busyWarning({ measurements }: Comparison): string {
  const isQuiet = measurements.every(({ busy }) => busy.every((fraction) => fraction < 0.2))
  return isQuiet ? '' : '\n**Other programs kept the machine busy: these figures are not to be quoted.**\n'
}

function phaseTable(rows: readonly Row[], phase: Phase): string {
  const header = [
    'model',
    'threads',
    ...['ours, Node', 'llama.cpp', 'ratio', 'ours, Chromium', 'wllama', 'ratio'],
  ]
  const lines = rows.map((row) => [
    row.model,
    String(row.threads),
    summaryText(rate(row, 'mamba', phase)),
    summaryText(rate(row, 'llama.cpp', phase)),
    ratioText(ratio(row, 'mamba', 'llama.cpp', phase)),
    summaryText(rate(row, 'mamba-chromium', phase)),
    summaryText(rate(row, 'wllama', phase)),
    ratioText(ratio(row, 'mamba-chromium', 'wllama', phase)),
  ])
  return table(header, lines)
}

function conditionsTable(rows: readonly Row[]): string {
  const lines = rows.map((row) => {
    const all = engineKinds.flatMap(({ name }) => row.of.get(name) ?? [])
    const shorter = all.filter(({ promptLength }) => promptLength !== 1024)
    return [
      row.model,
      String(row.threads),
      all.map(({ engine, prefill }) => `${engine} ${prefill.length}`).join(', '),
      shorter.map(({ engine, promptLength }) => `${engine} ${promptLength}`).join(', ') || '–',
      `${(100 * Math.max(0, ...all.flatMap(({ busy }) => busy))).toFixed(0)} %`,
      String(row.of.get('mamba')?.sameTokens ?? '–'),
    ]
  })
  return table(['model', 'threads', 'rounds', 'shorter prompt', 'busy', 'same tokens'], lines)
}

function table(header: readonly string[], lines: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const rule = `|${header.map((_, column) => (column === 0 ? '---' : '---:')).join('|')}|`
  return [line(header), rule, ...lines.map(line)].join('\n')
}

function summaryText(summary: Summary | undefined): string {
  if (!summary) return '–'
  const { median, minimum, maximum, runs } = summary
  if (runs === 1) return number(median)
  return `${number(median)} (${number(minimum)} to ${number(maximum)})`
}

function ratioText(value: number | undefined): string {
  return value === undefined ? '–' : `**${value.toFixed(2)}**`
}

/** Three digits are more than such measurements can tell. */
export function number(rate: number): string {
  return rate >= 100 ? rate.toFixed(0) : rate.toFixed(1)
}
