import { curveChart } from './curve-chart.ts'
import { type Machine, machineText } from './machine.ts'
import type { Summary } from './statistics.ts'

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

/** Medians with their range over the logarithm of the position. */
export function costChart({ model, device, points }: Costs): string {
  return curveChart({
    title: `Milliseconds per token, ${model}, ${device}`,
    axis: 'tokens before it',
    points: points.map(({ position, msPerToken }) => ({ x: position, y: msPerToken })),
  })
}
