import { decayWgsl, runningSumsWgsl } from '../blocks/decay.wgsl.ts'
import { mathWgsl } from '../math.wgsl.ts'
import { trapezoidWgsl } from './turns.wgsl.ts'

/** The frames of Mamba-3; see `decay.wgsl.ts`. */
export function framesWgsl(): string {
  return body + runningSumsWgsl + decayWgsl + trapezoidWgsl + mathWgsl
}

const body = /* wgsl */ `
// One workgroup for each chunk of a head, one invocation for each position. An input has a weight in its own step, and
// another in the next; after the call's last position that is still unknown, and after the position before the first it
// is all that is left to do.
struct Dims {
  positions: u32, chunk: u32, n_heads: u32,
  dt_offset: u32, dt_sequence: u32, dt_row: u32,
  dd_a_offset: u32, dd_a_sequence: u32, dd_a_row: u32,
  trap_offset: u32, trap_sequence: u32, trap_row: u32,
  smallest_rate: f32,
}

@group(0) @binding(0) var<storage, read> dt: array<f32>;                 // (sequences, positions, n_heads), a view
@group(0) @binding(1) var<storage, read> dd_a: array<f32>;               // as dt
@group(0) @binding(2) var<storage, read> trap: array<f32>;               // as dt
@group(0) @binding(3) var<storage, read> dt_bias: array<f32>;            // (n_heads)
@group(0) @binding(4) var<storage, read_write> frames: array<vec4<u32>>; // (sequences, n_heads, 1 + positions)
@group(0) @binding(5) var<uniform> dims: Dims;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let head = group.x;
  let sequence = group.z;
  let position = group.y * dims.chunk + local;
  let inside = local < dims.chunk && position < dims.positions;
  var lost = 0.0;
  var own = 0.0;
  var next = 0.0;
  if (inside) {
    let step = step_at(sequence, position, head);
    let a = dd_a[dims.dd_a_offset + sequence * dims.dd_a_sequence + position * dims.dd_a_row + head];
    lost = step * decay_rate(a, dims.smallest_rate) * 1.44269504;
    own = own_weight(trap_at(sequence, position, head), step);
    if (position + 1u < dims.positions) { next = weight_before(sequence, position + 1u, head); }
  }
  let sum = running_sum(octaves(lost), local);
  let start = (sequence * dims.n_heads + head) * (groups.y * dims.chunk + 1u);
  // Past the end the decay stops, and the weights are 0.
  if (local < dims.chunk) {
    frames[start + 1u + position] = vec4<u32>(sum, bitcast<u32>(own + next), bitcast<u32>(own));
  }
  if (position == 0u) {
    frames[start] = vec4<u32>(0u, 0u, bitcast<u32>(weight_before(sequence, 0u, head)), 0u);
  }
}

fn step_at(sequence: u32, position: u32, head: u32) -> f32 {
  return softplus(dt[dims.dt_offset + sequence * dims.dt_sequence + position * dims.dt_row + head] + dt_bias[head]);
}

fn trap_at(sequence: u32, position: u32, head: u32) -> f32 {
  return trap[dims.trap_offset + sequence * dims.trap_sequence + position * dims.trap_row + head];
}

// Of the position before this one, in this one's step.
fn weight_before(sequence: u32, position: u32, head: u32) -> f32 {
  return earlier_weight(trap_at(sequence, position, head), step_at(sequence, position, head));
}
`
