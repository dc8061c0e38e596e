import type { EngineName } from '../engines/engines.ts'
import type { Measurement } from '../measure-setting.ts'
import type { Machine } from './machine.ts'
import { type Summary, summarize } from './statistics.ts'

/** The results file. */
export interface Comparison {
  readonly machine: Machine
  /** Of the last measurement, YYYY-MM-DD. */
  readonly date: string
  readonly measurements: readonly Measurement[]
}

/** What is measured of each engine. */
export const phases = ['prefill', 'decode'] as const
export type Phase = (typeof phases)[number]

/** The measurements of one model on so many threads, which were made in alternation. */
export interface Row {
  readonly model: string
  readonly threads: number
  readonly of: ReadonlyMap<EngineName, Measurement>
}

/** Measurements by model and threads, in their order. */
export function rowsOf({ measurements }: Comparison): Row[] {
  const groups = Map.groupBy(measurements, ({ model, threads }) => `${model}, ${threads}`)
  return [...groups.values()].map((group) => ({
    model: group[0]!.model,
    threads: group[0]!.threads,
    of: new Map(group.map((measurement) => [measurement.engine, measurement])),
  }))
}

/** Tokens per second of an engine; undefined if it was not measured. */
export function rate(row: Row, engine: EngineName, phase: Phase): Summary | undefined {
  const measurement = row.of.get(engine)
  return measurement && summarize(measurement[phase])
}

/** How many times as fast one engine is as another, by medians. */
export function ratio(row: Row, engine: EngineName, other: EngineName, phase: Phase): number | undefined {
  const [a, b] = [rate(row, engine, phase), rate(row, other, phase)]
  return a && b && a.median / b.median
}
