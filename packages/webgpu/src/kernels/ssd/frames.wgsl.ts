import { decayWgsl, runningSumsWgsl } from '../blocks/decay.wgsl.ts'
import { mathWgsl } from '../math.wgsl.ts'

/** The frames of Mamba-2; see `decay.wgsl.ts`. */
export function framesWgsl(): string {
  return body + runningSumsWgsl + decayWgsl + mathWgsl
}

const body = /* wgsl */ `
// One workgroup for each chunk of a head, one invocation for each position: Δ = clamp(softplus(dt + dt_bias)) is the
// weight of its input, and Δ |A| log₂ e are the octaves of its decay.
struct Dims {
  positions: u32, chunk: u32, n_heads: u32,
  dt_offset: u32, dt_sequence: u32, dt_row: u32,
  smallest: f32, largest: f32,
}

@group(0) @binding(0) var<storage, read> dt: array<f32>;                 // (sequences, positions, n_heads), a view
@group(0) @binding(1) var<storage, read> dt_bias: array<f32>;            // (n_heads)
@group(0) @binding(2) var<storage, read> A: array<f32>;                  // (n_heads), < 0
@group(0) @binding(3) var<storage, read_write> frames: array<vec4<u32>>; // (sequences, n_heads, 1 + positions)
@group(0) @binding(4) var<uniform> dims: Dims;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let head = group.x;
  let position = group.y * dims.chunk + local;
  var step = 0.0;
  if (local < dims.chunk && position < dims.positions) {
    let raw = dt[dims.dt_offset + group.z * dims.dt_sequence + position * dims.dt_row + head] + dt_bias[head];
    step = clamp(softplus(raw), dims.smallest, dims.largest);
  }
  let sum = running_sum(octaves(step * -A[head] * 1.44269504), local);
  let start = (group.z * dims.n_heads + head) * (groups.y * dims.chunk + 1u);
  // Past the end the decay stops, and the weight is 0.
  if (local < dims.chunk) {
    frames[start + 1u + position] = vec4<u32>(sum, bitcast<u32>(step), bitcast<u32>(step));
  }
  if (position == 0u) { frames[start] = vec4<u32>(); }
}
`
