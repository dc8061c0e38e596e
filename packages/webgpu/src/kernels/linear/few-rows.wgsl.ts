import { chunksWgsl } from './chunks.wgsl.ts'
import { directWgsl } from './direct.wgsl.ts'
import { inputsWgsl } from './inputs.wgsl.ts'
import { tiledWgsl } from './tiled.wgsl.ts'
import { unrolled } from './unrolled.ts'
import { elementsOf16Bytes, type WeightDType } from './weights.ts'

/** What makes a kernel for few rows; each combination is compiled for itself. */
export interface FewRowsVariant {
  readonly dtype: WeightDType
  /** Rows of x of a workgroup. */
  readonly rows: number
  /** Invocations that compute an output together: a power of two, and with subgroups no more than one has. */
  readonly lanes: number
  /** Invocations of a workgroup. */
  readonly invocations: number
  /** Outputs of the same invocations: each x that they read is used as often. */
  readonly outputs: number
  /** Chunks of each output that an invocation has on their way at a time. */
  readonly unroll: number
  /** Elements of each row of x in workgroup memory at a time; without subgroups. */
  readonly tile: number
  /** Whether loops are written out, so that nothing but workgroup memory is indexed. */
  readonly isUnrolled: boolean
  readonly hasSubgroups: boolean
  /** Whether weights are read in vectors of 16 bytes, and x and what is like it in vectors of 4 elements. */
  readonly isWideWeight: boolean
  readonly isWideInput: boolean
  readonly hasBias: boolean
  readonly hasResidual: boolean
  readonly isNormed: boolean
  readonly hasNormWeight: boolean
  readonly gate: 'none' | 'before' | 'after'
}

/** The kernel that multiplies few rows. */
export function fewRowsWgsl(variant: FewRowsVariant): string {
  const chunk = elementsOf16Bytes(variant.dtype)
  const header = [
    ...(variant.hasSubgroups ? ['enable subgroups;'] : []),
    `const ROWS = ${variant.rows}u;`,
    `const LANES = ${variant.lanes}u;`,
    `const INVOCATIONS = ${variant.invocations}u;`,
    `const OUTPUTS = ${variant.outputs}u;`,
    `const UNROLL = ${variant.unroll}u;`,
    `const TILE = ${variant.tile}u;`,
    `const CHUNK = ${chunk}u;`,
    `const HAS_BIAS = ${variant.hasBias};`,
    `const HAS_RESIDUAL = ${variant.hasResidual};`,
    `const IS_NORMED = ${variant.isNormed};`,
    `const HAS_NORM_WEIGHT = ${variant.hasNormWeight};`,
    `const IS_GATED = ${variant.gate !== 'none'};`,
    `const IS_GATED_AFTER = ${variant.gate === 'after'};\n`,
  ].join('\n')
  const input = chunksWgsl(variant.dtype, variant.isWideWeight) + inputsWgsl(variant.isWideInput)
  const [sum, loop] = variant.hasSubgroups ? [sumOfSubgroup, directWgsl] : [sumOfWorkgroup, tiledWgsl]
  const { rows: ROWS, outputs: OUTPUTS, unroll: UNROLL } = variant
  const main = variant.isUnrolled
    ? unrolled(loop, { ROWS, OUTPUTS, UNROLL, QUADS: chunk / 4, SUMS: ROWS * OUTPUTS })
    : loop
  return header + input + sum + declarations + main
}

// LANES neighbours are part of one subgroup: in workgroups of one dimension these are cut from the invocations in order.
const sumOfSubgroup = /* wgsl */ `
fn sum_of_lanes(value: f32, local: u32) -> f32 {
  var sum = value;
  for (var distance = LANES / 2u; distance > 0u; distance /= 2u) { sum += subgroupShuffleXor(sum, distance); }
  return sum;
}
`

const sumOfWorkgroup = /* wgsl */ `
var<workgroup> lane_sums: array<f32, INVOCATIONS>;

fn sum_of_lanes(value: f32, local: u32) -> f32 {
  let first = local - local % LANES;
  lane_sums[local] = value;
  workgroupBarrier();
  for (var distance = LANES / 2u; distance > 0u; distance /= 2u) {
    if (local - first < distance) { lane_sums[local] += lane_sums[local + distance]; }
    workgroupBarrier();
  }
  let sum = lane_sums[first];
  workgroupBarrier();
  return sum;
}
`

const declarations = /* wgsl */ `
// y = x Wᵀ (+ bias) (+ residual) for few rows of x, of which each may be normalised first, in groups: LANES neighbouring
// invocations, a slice, sum up the products of OUTPUTS rows of W with ROWS rows of x, a block. They read W in chunks of 16
// bytes, neighbours next to each other and many at a time.
struct Dims {
  rows: u32, d_in: u32, d_out: u32,  // d_out: rows of this part of W
  x_offset: u32, x_stride: u32,
  w_offset: u32, w_stride: u32, scale_start: u32,
  y_column: u32, y_stride: u32,
  group_size: u32, norm_length: u32, eps: f32,
  gate_offset: u32, gate_stride: u32,
  residual_offset: u32, residual_stride: u32,
}

@group(0) @binding(0) var<storage, read> weights: array<vec4<u32>>;  // (d_out, d_in), a view, of which 16 bytes each
@group(0) @binding(1) var<storage, read> words: array<u32>;          // the same, of which 4 bytes each
@group(0) @binding(2) var<storage, read> x: array<Input>;            // (rows, d_in), a view
@group(0) @binding(3) var<storage, read> norm_weight: array<Input>;  // (norm_length): d_in, or group_size
@group(0) @binding(4) var<storage, read> gate: array<Input>;         // (rows, d_in), a view
@group(0) @binding(5) var<storage, read> bias: array<f32>;           // (all outputs)
@group(0) @binding(6) var<storage, read> residual: array<f32>;       // (rows, all outputs), a view
@group(0) @binding(7) var<storage, read_write> y: array<f32>;        // (rows, all outputs)
@group(0) @binding(8) var<uniform> dims: Dims;

const SLICES = INVOCATIONS / LANES;
const QUADS = CHUNK / 4u;
const SUMS = ROWS * OUTPUTS;

fn store(row: u32, column: u32, storing_lane: u32, total: f32, local: u32) {
  var sum = sum_of_lanes(total, local);
  if (local % LANES == storing_lane && row < dims.rows && column < dims.d_out) {
    let to = dims.y_column + column;
    if (HAS_BIAS) { sum += bias[to]; }
    if (HAS_RESIDUAL) { sum += residual[dims.residual_offset + row * dims.residual_stride + to]; }
    y[row * dims.y_stride + to] = sum;
  }
}
`
