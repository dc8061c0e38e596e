import { stepDecayWgsl } from '../blocks/decay.wgsl.ts'
import { header } from '../blocks/kernels.ts'
import { type Lanes, laneSumEnables, laneSumWgsl } from '../blocks/lane-sum.wgsl.ts'
import { placeMembers, type Sources, sourcesWgsl } from '../blocks/sources.ts'
import { mathWgsl } from '../math.wgsl.ts'
import { stepBodyWgsl } from './step-body.wgsl.ts'
import { stepUpdateWgsl } from './step-update.wgsl.ts'
import { trapezoidWgsl, turnsWgsl } from './turns.wgsl.ts'

/** What the step reads; also the order of their places in `Dims`. */
export const stepSources = [
  'x',
  'z',
  'dt',
  'dd_a',
  'trap',
  'angles',
  'B',
  'C',
  'dt_bias',
  'B_bias',
  'C_bias',
  'D',
  'mimo_x',
  'mimo_z',
  'mimo_o',
  'norm',
] as const

export type StepSource = (typeof stepSources)[number]

export interface StepVariant {
  readonly sources: Sources<StepSource>
  /** Elements of the state that are taken at once: 1 or 4. */
  readonly unit: number
  readonly lanes: Lanes
  /** What each invocation takes of a row, in units. */
  readonly items: number
  /** Invocations of a workgroup. */
  readonly size: number
}

/** Words of workgroup memory for what a head keeps there. */
export const STEP_MEMORY = 2560

/** What a head keeps in workgroup memory, in words. */
export function stepMemory(sizes: {
  readonly rank: number
  readonly headDim: number
  readonly dState: number
  readonly nAngles: number
}): number {
  return sizes.nAngles + sizes.rank * (3 * sizes.dState + sizes.headDim)
}

export function stepWgsl({ sources, unit, lanes, items, size }: StepVariant): string {
  return [
    laneSumEnables(lanes),
    header({
      SIZE: size,
      LANES: lanes.count,
      ITEMS: items,
      UNIT: unit,
      BUFFERS: sources.bindings.length,
      MEMORY: STEP_MEMORY,
    }),
    `alias Unit = ${unit === 4 ? 'vec4<f32>' : 'f32'};\n`,
    'alias Sums = vec4<f32>;\n',
    `struct Dims {\n  ${placeMembers(stepSources)}\n  ${members}\n}\n`,
    sourcesWgsl(sources),
    unit === 4 ? quadsWgsl : singlesWgsl,
    stepBodyWgsl,
    stepUpdateWgsl,
    laneSumWgsl(lanes),
    stepDecayWgsl,
    turnsWgsl,
    trapezoidWgsl,
    mathWgsl,
  ].join('')
}

const members = `length: u32, rank: u32, n_heads: u32, head_dim: u32, heads_of_group: u32, d_state: u32, n_angles: u32,
  is_mimo: u32, has_norm: u32, eps: f32, smallest_rate: f32,`

/** Rows of keys lie in workgroup memory as they are. */
const singlesWgsl = /* wgsl */ `
fn slot(n: u32) -> u32 { return n; }
fn unit_at(row: u32, n: u32) -> Unit { return memory_at(row + n); }
fn total(value: Unit) -> f32 { return value; }
`

/** Rows of keys lie in workgroup memory in four parts, so that neighbouring invocations read neighbouring words. */
const quadsWgsl = /* wgsl */ `
fn slot(n: u32) -> u32 { return n % 4u * (dims.d_state / 4u) + n / 4u; }
fn unit_at(row: u32, n: u32) -> Unit {
  let part = dims.d_state / 4u;
  let i = row + n;
  return Unit(memory_at(i), memory_at(i + part), memory_at(i + 2u * part), memory_at(i + 3u * part));
}
fn total(value: Unit) -> f32 { return (value.x + value.y) + (value.z + value.w); }
`
