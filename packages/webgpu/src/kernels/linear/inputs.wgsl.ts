import { mathWgsl } from '../math.wgsl.ts'

/**
 * How a kernel for few rows reads x, four elements at a time and zeros from `end` on, and what a norm that is merged
 * into it makes of them: all but the factor 1 / √(mean(x²) + eps), which is known only at the end.
 * @param isWide whether rows of x, of the gate and of the norm's weight, and groups, begin at multiples of 4 elements
 */
export function inputsWgsl(isWide: boolean): string {
  return `alias Input = ${isWide ? 'vec4<f32>' : 'f32'};\n${isWide ? wide : narrow}${prepare}${mathWgsl}`
}

const wide = /* wgsl */ `
fn x_at(row: u32, k: u32, end: u32) -> vec4<f32> {
  return x[(dims.x_offset + row * dims.x_stride + k) / 4u];
}

fn gate_at(row: u32, k: u32, end: u32) -> vec4<f32> {
  return gate[(dims.gate_offset + row * dims.gate_stride + k) / 4u];
}

fn norm_weight_at(k: u32, end: u32) -> vec4<f32> {
  return norm_weight[k % dims.norm_length / 4u];
}
`

const narrow = /* wgsl */ `
fn x_at(row: u32, k: u32, end: u32) -> vec4<f32> {
  var values = vec4<f32>();
  for (var i = 0u; i < 4u; i++) {
    if (k + i < end) { values[i] = x[dims.x_offset + row * dims.x_stride + k + i]; }
  }
  return values;
}

fn gate_at(row: u32, k: u32, end: u32) -> vec4<f32> {
  var values = vec4<f32>();
  for (var i = 0u; i < 4u; i++) {
    if (k + i < end) { values[i] = gate[dims.gate_offset + row * dims.gate_stride + k + i]; }
  }
  return values;
}

fn norm_weight_at(k: u32, end: u32) -> vec4<f32> {
  var values = vec4<f32>();
  for (var i = 0u; i < 4u; i++) {
    if (k + i < end) { values[i] = norm_weight[(k + i) % dims.norm_length]; }
  }
  return values;
}
`

const prepare = /* wgsl */ `
struct Prepared {
  value: vec4<f32>,
  square: f32,  // what it adds to the sum of squares
}

fn silu_quad(z: vec4<f32>) -> vec4<f32> {
  return vec4<f32>(silu(z.x), silu(z.y), silu(z.z), silu(z.w));
}

fn prepare(row: u32, k: u32, end: u32) -> Prepared {
  if (k >= end) { return Prepared(); }
  var value = x_at(row, k, end);
  if (!IS_NORMED) { return Prepared(value, 0.0); }
  var gating = vec4<f32>(1.0);
  if (IS_GATED) { gating = silu_quad(gate_at(row, k, end)); }
  if (!IS_GATED_AFTER) { value *= gating; }
  let square = dot(value, value);
  if (HAS_NORM_WEIGHT) { value *= norm_weight_at(k, end); }
  if (IS_GATED_AFTER) { value *= gating; }
  return Prepared(value, square);
}
`
