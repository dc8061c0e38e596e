import { stepDecayWgsl } from '../blocks/decay.wgsl.ts'
import { header } from '../blocks/kernels.ts'
import { type Lanes, laneSumEnables, laneSumWgsl } from '../blocks/lane-sum.wgsl.ts'
import { placeMembers, type Sources, sourcesWgsl } from '../blocks/sources.ts'
import { mathWgsl } from '../math.wgsl.ts'

/** What the step reads, in groups that models have in one tensor; see `sources.ts`. */
export const stepGroups = [['x', 'B', 'C'], ['dt'], ['D'], ['dt_bias'], ['A']] as const

type Source = (typeof stepGroups)[number][number]

/** The order of their places in `Dims`. */
export const stepSources: readonly Source[] = stepGroups.flat()

export interface StepVariant {
  readonly sources: Sources<Source>
  /** Elements of the state that are taken at once: 1 or 4. */
  readonly unit: number
  readonly lanes: Lanes
  /** What each invocation takes of a row, in units. */
  readonly items: number
  /** Rows of each invocation: 1 or 4. */
  readonly rows: number
}

/** Invocations of a workgroup. */
export const STEP_SIZE = 256

export function stepWgsl({ sources, unit, lanes, items, rows }: StepVariant): string {
  const buffers = sources.bindings.length
  return [
    laneSumEnables(lanes),
    header({ SIZE: STEP_SIZE, LANES: lanes.count, ITEMS: items, ROWS: rows, UNIT: unit, BUFFERS: buffers }),
    `alias Unit = ${unit === 4 ? 'vec4<f32>' : 'f32'};\n`,
    `alias Sums = ${rows === 4 ? 'vec4<f32>' : 'f32'};\n`,
    `struct Dims {\n  ${placeMembers(stepSources)}\n  ${members}\n}\n`,
    sourcesWgsl(sources),
    unit === 4 ? quadsWgsl : singlesWgsl,
    rows === 4 ? fourRowsWgsl : oneRowWgsl,
    body,
    laneSumWgsl(lanes),
    stepDecayWgsl,
    mathWgsl,
  ].join('')
}

const members = `length: u32, n_heads: u32, head_dim: u32, heads_of_group: u32, d_state: u32,
  d_head: u32, d_channel: u32, smallest: f32, largest: f32,`

const singlesWgsl = /* wgsl */ `
fn b_unit(row: u32, column: u32) -> Unit { return B_at(row, column); }
fn c_unit(row: u32, column: u32) -> Unit { return C_at(row, column); }
fn total(value: Unit) -> f32 { return value; }
`

const quadsWgsl = /* wgsl */ `
fn b_unit(row: u32, column: u32) -> Unit {
  return Unit(B_at(row, column), B_at(row, column + 1u), B_at(row, column + 2u), B_at(row, column + 3u));
}
fn c_unit(row: u32, column: u32) -> Unit {
  return Unit(C_at(row, column), C_at(row, column + 1u), C_at(row, column + 2u), C_at(row, column + 3u));
}
fn total(value: Unit) -> f32 { return (value.x + value.y) + (value.z + value.w); }
`

const oneRowWgsl = /* wgsl */ `
fn sums_of(values: array<f32, ROWS>) -> Sums { return values[0]; }
fn values_of(sums: Sums) -> array<f32, ROWS> { return array<f32, ROWS>(sums); }
`

const fourRowsWgsl = /* wgsl */ `
fn sums_of(values: array<f32, ROWS>) -> Sums { return Sums(values[0], values[1], values[2], values[3]); }
fn values_of(sums: Sums) -> array<f32, ROWS> { return array<f32, ROWS>(sums.x, sums.y, sums.z, sums.w); }
`

const body = /* wgsl */ `
// h_t = exp(Δ_t A) h_{t−1} + Δ_t x_t B_t,  y_t = h_t · C_t + D x_t. A row of a state is a channel of a head; LANES
// invocations share it, and take ROWS rows each. The state stays in registers.
@group(0) @binding(BUFFERS) var<storage, read_write> state: array<Unit>;      // (batch, n_heads, head_dim, d_state)
@group(0) @binding(BUFFERS + 1u) var<storage, read_write> y: array<f32>;      // (batch, length, n_heads, head_dim)
@group(0) @binding(BUFFERS + 2u) var<uniform> dims: Dims;

const TILE = SIZE / LANES; // rows at a time

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let head = group.y;
  let lane = local % LANES;
  let p = group.x * ROWS * TILE + local / LANES;
  let start = (group.z * dims.n_heads + head) * dims.head_dim;
  let units = dims.d_state / UNIT;
  var h: array<array<Unit, ITEMS>, ROWS>;
  for (var r = 0u; r < ROWS; r++) {
    for (var i = 0u; i < ITEMS; i++) {
      let n = i * LANES + lane;
      if (p + r * TILE < dims.head_dim && n < units) { h[r][i] = state[(start + p + r * TILE) * units + n]; }
    }
  }
  let first = group.z * dims.length;
  for (var row = first; row < first + dims.length; row++) {
    let step = clamp(softplus(dt_at(row, head) + dt_bias_at(0u, head)), dims.smallest, dims.largest);
    let decay = decay_parts(step * A_at(0u, head));
    var b = array<Unit, ITEMS>();
    var c = array<Unit, ITEMS>();
    let column = head / dims.heads_of_group * dims.d_state;
    for (var i = 0u; i < ITEMS; i++) {
      let n = i * LANES + lane;
      if (n < units) {
        b[i] = b_unit(row, column + n * UNIT);
        c[i] = c_unit(row, column + n * UNIT);
      }
    }
    var inputs = array<f32, ROWS>();
    var sums = array<f32, ROWS>();
    for (var r = 0u; r < ROWS; r++) {
      if (p + r * TILE < dims.head_dim) { inputs[r] = x_at(row, head * dims.head_dim + p + r * TILE); }
      var sum = Unit();
      for (var i = 0u; i < ITEMS; i++) {
        h[r][i] = fma(Unit(step * inputs[r]), b[i], decayed(h[r][i], decay));
        sum = fma(c[i], h[r][i], sum);
      }
      sums[r] = total(sum);
    }
    sums = values_of(lane_sum(sums_of(sums), local));
    for (var r = 0u; r < ROWS; r++) {
      let channel = p + r * TILE;
      if (lane == 0u && channel < dims.head_dim) {
        let skip = D_at(0u, head * dims.d_head + channel * dims.d_channel);
        y[(row * dims.n_heads + head) * dims.head_dim + channel] = fma(skip, inputs[r], sums[r]);
      }
    }
  }
  for (var r = 0u; r < ROWS; r++) {
    for (var i = 0u; i < ITEMS; i++) {
      let n = i * LANES + lane;
      if (p + r * TILE < dims.head_dim && n < units) { state[(start + p + r * TILE) * units + n] = h[r][i]; }
    }
  }
}
`
