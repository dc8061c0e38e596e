import { engineKinds } from '../engines/engines.ts'
import { type Comparison, type Phase, phases, type Row, rate, rowsOf } from './comparison.ts'
import { number } from './comparison-report.ts'
import { line, rectangle, svg, text } from './svg.ts'

const barHeight = 9
const groupHeight = barHeight * engineKinds.length + 16
const labelWidth = 180
const panelWidth = 330
const top = 64

/** Bars of both phases side by side: speed relative to native llama.cpp, with the rate in tokens per second. */
export function comparisonChart(comparison: Comparison): string {
  const rows = rowsOf(comparison)
  const height = top + rows.length * groupHeight + 8
  const labels = rows.map((row, i) =>
    text(
      0,
      top + i * groupHeight + groupHeight / 2 - 4,
      `${row.model}, ${row.threads} thread${row.threads > 1 ? 's' : ''}`,
    ),
  )
  const panels = phases.flatMap((phase, i) => panel(rows, phase, labelWidth + i * (panelWidth + 20), height))
  return svg(labelWidth + 2 * (panelWidth + 20), height, [...legend(), ...labels, ...panels])
}

function legend(): string[] {
  return engineKinds.flatMap(({ label, colour }, i) => [
    rectangle(labelWidth + i * 150, 8, 10, 10, colour),
    text(labelWidth + i * 150 + 16, 17, label),
  ])
}

function panel(rows: readonly Row[], phase: Phase, left: number, height: number): string[] {
  const relative = (row: Row) => {
    const base = rate(row, 'llama.cpp', phase)?.median
    return engineKinds.map(({ name }) => {
      const median = rate(row, name, phase)?.median
      return median !== undefined && base !== undefined ? { median, times: median / base } : undefined
    })
  }
  const bars = rows.map(relative)
  const largest = Math.max(1, ...bars.flat().map((bar) => bar?.times ?? 0))
  // The numbers beside the longest bars need room.
  const scale = (panelWidth - 50) / largest
  const drawn = bars.flatMap((group, i) =>
    group.flatMap((bar, k) => {
      if (!bar) return []
      const y = top + i * groupHeight + k * barHeight
      return [
        rectangle(left, y, bar.times * scale, barHeight - 1, engineKinds[k]!.colour),
        text(left + bar.times * scale + 4, y + barHeight - 2, number(bar.median), 'font-size="9"'),
      ]
    }),
  )
  return [
    text(left, top - 24, `${phase}, tokens/s`, 'font-weight="bold"'),
    line(left + scale, top - 6, left + scale, height - 8),
    text(left + scale, top - 9, 'native llama.cpp = 1', 'font-size="9" text-anchor="middle"'),
    ...drawn,
  ]
}
