import type { Summary } from './statistics.ts'
import { COLOURS, line, svg, text } from './svg.ts'

/** A curve and what it is of. */
export interface Curve {
  readonly title: string
  /** What x is. */
  readonly axis: string
  /** In ascending order of x, which is positive. */
  readonly points: readonly { readonly x: number; readonly y: Summary }[]
}

const plot = { left: 48, top: 36, width: 520, height: 200 } as const

/** Medians with their range over the logarithm of x. */
export function curveChart({ title, axis, points }: Curve): string {
  const logs = points.map((point) => Math.log10(point.x))
  const [from, to] = [Math.min(...logs), Math.max(...logs)]
  const step = tickStep(Math.max(...points.map((point) => point.y.maximum)))
  const largest = 5 * step
  const across = (log: number) =>
    plot.left + 20 + ((log - from) / Math.max(to - from, 1e-9)) * (plot.width - 40)
  const up = (value: number) => plot.top + plot.height * (1 - value / largest)
  const bottom = plot.top + plot.height
  const curve = points.map(({ y }, i) => `${across(logs[i]!).toFixed(1)},${up(y.median).toFixed(1)}`)
  const marks = points.flatMap(({ x, y: { median, minimum, maximum } }, i) => {
    const at = across(logs[i]!)
    return [
      line(at, up(minimum), at, up(maximum), COLOURS.oursPale),
      `<circle cx="${at.toFixed(1)}" cy="${up(median).toFixed(1)}" r="4" fill="${COLOURS.ours}"/>`,
      text(at, bottom + 16, x.toLocaleString('en'), 'text-anchor="middle"'),
    ]
  })
  const grid = [0, 1, 2, 3, 4, 5].flatMap((tick) => [
    line(plot.left, up(tick * step), plot.left + plot.width, up(tick * step)),
    text(
      plot.left - 6,
      up(tick * step) + 4,
      String(Number((tick * step).toPrecision(2))),
      'text-anchor="end"',
    ),
  ])
  return svg(plot.left + plot.width + 16, bottom + 44, [
    text(0, 16, title, 'font-weight="bold"'),
    ...grid,
    `<polyline points="${curve.join(' ')}" fill="none" stroke="${COLOURS.ours}" stroke-width="2"/>`,
    ...marks,
    text(plot.left + plot.width / 2, bottom + 36, axis, 'text-anchor="middle"'),
  ])
}

/** The least of 1, 2 and 5 times a power of ten of which five reach `largest`. */
function tickStep(largest: number): number {
  const power = 10 ** Math.floor(Math.log10(largest / 5))
  return power * [1, 2, 5, 10].find((factor) => 5 * factor * power >= largest)!
}
