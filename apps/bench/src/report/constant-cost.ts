import { type Machine, machineText } from './machine.ts'
import type { Summary } from './statistics.ts'
import { COLOURS, line, svg, text } from './svg.ts'

/** The results file of `constant-cost`. */
export interface Costs {
  readonly machine: Machine
  readonly model: string
  readonly device: string
  readonly stateBytes: number
  readonly points: readonly { readonly position: number; readonly msPerToken: Summary }[]
}

/** As Markdown. */
export function costReport({ machine, model, device, stateBytes, points }: Costs): string {
  const rows = points.map(({ position, msPerToken: { median, minimum, maximum } }) => {
    const cells = [position.toLocaleString('en'), ...[median, minimum, maximum].map((ms) => ms.toFixed(2))]
    return `| ${cells.join(' | ')} |`
  })
  return `# Cost of a token by position

Model ${model}; ${device}; ${machineText(machine)}. Written by \`pnpm --filter @mamba/bench constant-cost\`.

Milliseconds per decoded token after so many others, in alternation. The state takes ${stateBytes.toLocaleString('en')} \
bytes at every position.

![Milliseconds per token by position](./constant-cost.svg)

| position | median | smallest | largest |
|---:|---:|---:|---:|
${rows.join('\n')}
`
}

const plot = { left: 48, top: 36, width: 520, height: 200 } as const

/** Medians with their range over the logarithm of the position. */
export function costChart({ model, device, points }: Costs): string {
  const logs = points.map(({ position }) => Math.log10(position))
  const [from, to] = [Math.min(...logs), Math.max(...logs)]
  const step = tickStep(Math.max(...points.map(({ msPerToken }) => msPerToken.maximum)))
  const largest = 5 * step
  const x = (log: number) => plot.left + 20 + ((log - from) / Math.max(to - from, 1e-9)) * (plot.width - 40)
  const y = (ms: number) => plot.top + plot.height * (1 - ms / largest)
  const bottom = plot.top + plot.height
  const curve = points.map(
    ({ msPerToken }, i) => `${x(logs[i]!).toFixed(1)},${y(msPerToken.median).toFixed(1)}`,
  )
  const marks = points.flatMap(({ position, msPerToken: { median, minimum, maximum } }, i) => {
    const at = x(logs[i]!)
    return [
      line(at, y(minimum), at, y(maximum), COLOURS.oursPale),
      `<circle cx="${at.toFixed(1)}" cy="${y(median).toFixed(1)}" r="4" fill="${COLOURS.ours}"/>`,
      text(at, bottom + 16, position.toLocaleString('en'), 'text-anchor="middle"'),
    ]
  })
  const grid = [0, 1, 2, 3, 4, 5].flatMap((tick) => [
    line(plot.left, y(tick * step), plot.left + plot.width, y(tick * step)),
    text(
      plot.left - 6,
      y(tick * step) + 4,
      String(Number((tick * step).toPrecision(2))),
      'text-anchor="end"',
    ),
  ])
  return svg(plot.left + plot.width + 16, bottom + 44, [
    text(0, 16, `Milliseconds per token, ${model}, ${device}`, 'font-weight="bold"'),
    ...grid,
    `<polyline points="${curve.join(' ')}" fill="none" stroke="${COLOURS.ours}" stroke-width="2"/>`,
    ...marks,
    text(plot.left + plot.width / 2, bottom + 36, 'tokens before it', 'text-anchor="middle"'),
  ])
}

/** The least of 1, 2 and 5 times a power of ten of which five reach `largest`. */
function tickStep(largest: number): number {
  const power = 10 ** Math.floor(Math.log10(largest / 5))
  return power * [1, 2, 5, 10].find((factor) => 5 * factor * power >= largest)!
}
