import type { ElementwiseFunction } from '../../ops/node.ts'
import { geluWgsl, mathWgsl } from '../math.wgsl.ts'

/** What becomes of `a`, and of `b` where there are two arguments. */
const results: Readonly<Record<ElementwiseFunction, string>> = {
  add: 'a + b',
  mul: 'a * b',
  scale: 'a * dims.factor',
  silu: 'silu(a)',
  softplus: 'softplus(a)',
  gelu: 'gelu(a)',
  relu2: 'max(a, 0.0) * max(a, 0.0)',
  swiGlu: 'silu(a) * b',
}

/** The kernel of a function; one of one argument binds it as `b` too. */
export function elementwiseWgsl(fn: ElementwiseFunction): string {
  const apply = `fn apply(a: f32, b: f32) -> f32 { return ${results[fn]}; }\n`
  return apply + body + mathWgsl + (fn === 'gelu' ? geluWgsl : '')
}

const body = /* wgsl */ `
// y = apply(a, b), element by element, one invocation each.
struct Dims {
  rows: u32, columns: u32,
  a_offset: u32, a_stride: u32,
  b_offset: u32, b_stride: u32,
  factor: f32,
}

@group(0) @binding(0) var<storage, read> a: array<f32>;        // (rows, columns), a view
@group(0) @binding(1) var<storage, read> b: array<f32>;        // (rows, columns), a view
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // (rows, columns)
@group(0) @binding(3) var<uniform> dims: Dims;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let i = (group.y * groups.x + group.x) * 256u + local;
  if (i >= dims.rows * dims.columns) { return; }
  let row = i / dims.columns;
  let column = i % dims.columns;
  y[i] = apply(a[dims.a_offset + row * dims.a_stride + column], b[dims.b_offset + row * dims.b_stride + column]);
}
`
