import { mathWgsl } from '../math.wgsl.ts'
import { workgroupSumWgsl } from '../workgroup-sum.wgsl.ts'

/** What distinguishes the kernels of the norm. */
export interface RmsNormVariant {
  /** Whether all rows and groups begin at multiples of four elements, and end there. */
  readonly isVector: boolean
  readonly hasWeight: boolean
  readonly gate: 'none' | 'before' | 'after'
  /** Invocations of a workgroup, a multiple of 32. */
  readonly size: number
  /** Elements, or vectors of four, of one invocation. */
  readonly kept: number
}

export function rmsNormWgsl({ isVector, hasWeight, gate, size, kept }: RmsNormVariant): string {
  return `const SIZE = ${size}u;
const KEPT = ${kept}u;
const HAS_WEIGHT = ${hasWeight};
const GATE_BEFORE = ${gate === 'before'};
const GATE_AFTER = ${gate === 'after'};
${isVector ? vectors : scalars}${body}${workgroupSumWgsl}${mathWgsl}`
}

const scalars = /* wgsl */ `
alias Values = f32;
const WIDTH = 1u;
fn square(x: Values) -> f32 { return x * x; }
fn silu_of(x: Values) -> Values { return silu(x); }
`

const vectors = /* wgsl */ `
alias Values = vec4<f32>;
const WIDTH = 4u;
fn square(x: Values) -> f32 { return dot(x, x); }
fn silu_of(x: Values) -> Values { return vec4(silu(x.x), silu(x.y), silu(x.z), silu(x.w)); }
`

const body = /* wgsl */ `
// y = x / √(mean(x²) + eps) · weight over groups of columns, and the gate silu(z) before or after. One workgroup for
// each group of a row. All sizes, offsets and strides count Values.
struct Dims {
  row_count: u32,
  groups: u32,         // of a row
  columns: u32,        // of a group
  x_offset: u32, x_stride: u32,
  z_offset: u32, z_stride: u32,
  weight_stride: u32,  // from group to group: columns, or 0 where all share it
  eps: f32,
}

@group(0) @binding(0) var<storage, read> x: array<Values>;        // (row_count, groups · columns), a view
@group(0) @binding(1) var<storage, read> z: array<Values>;        // as x; not read without a gate
@group(0) @binding(2) var<storage, read> weight: array<Values>;   // (groups · columns) or (columns), or not read
@group(0) @binding(3) var<storage, read_write> y: array<Values>;  // (row_count, groups · columns)
@group(0) @binding(4) var<uniform> dims: Dims;

@compute @workgroup_size(SIZE)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let index = workgroup.y * workgroups.x + workgroup.x;
  let row = index / dims.groups;
  let group = index % dims.groups;
  let columns = select(0u, dims.columns, row < dims.row_count);
  let first = group * dims.columns;
  let x_start = dims.x_offset + row * dims.x_stride + first;
  let z_start = dims.z_offset + row * dims.z_stride + first;

  var kept: array<Values, KEPT>;
  var squares = 0.0;
  for (var i = 0u; i < KEPT; i++) {
    let column = i * SIZE + local;
    if (column < columns) {
      var value = x[x_start + column];
      if (GATE_BEFORE) { value *= silu_of(z[z_start + column]); }
      kept[i] = value;
      squares += square(value);
    }
  }
  let scale = inverseSqrt(workgroup_sum(squares, local) / f32(WIDTH * dims.columns) + dims.eps);

  for (var i = 0u; i < KEPT; i++) {
    let column = i * SIZE + local;
    if (column < columns) {
      var value = kept[i] * scale;
      if (HAS_WEIGHT) { value *= weight[group * dims.weight_stride + column]; }
      if (GATE_AFTER) { value *= silu_of(z[z_start + column]); }
      y[(row * dims.groups + group) * dims.columns + column] = value;
    }
  }
}
`
