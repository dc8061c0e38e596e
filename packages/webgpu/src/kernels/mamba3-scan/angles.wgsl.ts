import { mathWgsl } from '../math.wgsl.ts'
import { turnsWgsl } from './turns.wgsl.ts'

/** Positions whose angles one workgroup adds up. */
export const ANGLE_SEGMENT = 64

/** The angles of all positions, as turns since the beginning of their segment of 64 positions. */
export function anglesWgsl(): string {
  return body + turnsWgsl + mathWgsl
}

const body = /* wgsl */ `
// One workgroup for each segment of a head: 32 angles at a time, and 8 runs of 8 positions. The first segment begins with
// the state's angles.
struct Dims {
  positions: u32, n_heads: u32, n_angles: u32,
  dt_offset: u32, dt_sequence: u32, dt_row: u32,
  angles_offset: u32, angles_sequence: u32, angles_row: u32,
  state_offset: u32,
}

@group(0) @binding(0) var<storage, read> dt: array<f32>;               // (sequences, positions, n_heads), a view
@group(0) @binding(1) var<storage, read> dt_bias: array<f32>;          // (n_heads)
@group(0) @binding(2) var<storage, read> angles: array<f32>;           // (sequences, positions, n_angles), a view
@group(0) @binding(3) var<storage, read> state: array<f32>;            // (sequences, n_heads, n_angles), radians
@group(0) @binding(4) var<storage, read_write> turned: array<u32>;     // (sequences, n_heads, positions, n_angles)
@group(0) @binding(5) var<uniform> dims: Dims;

var<workgroup> steps: array<f32, 64>;
var<workgroup> totals: array<u32, 256>; // (8 runs, 32 angles)

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let head = group.x;
  let sequence = group.z;
  let first = group.y * 64u;
  if (local < 64u && first + local < dims.positions) {
    let raw = dt[dims.dt_offset + sequence * dims.dt_sequence + (first + local) * dims.dt_row + head];
    steps[local] = softplus(raw + dt_bias[head]);
  }
  workgroupBarrier();
  let lane = local % 32u;
  let run = local / 32u;
  let head_start = sequence * dims.n_heads + head;
  let rates = dims.angles_offset + sequence * dims.angles_sequence;
  for (var tile = 0u; tile < dims.n_angles; tile += 32u) {
    let angle = tile + lane;
    var own: array<u32, 8>;
    var sum = 0u;
    for (var i = 0u; i < 8u; i++) {
      let position = first + 8u * run + i;
      if (angle < dims.n_angles && position < dims.positions) {
        sum += turn_of(angles[rates + position * dims.angles_row + angle], steps[8u * run + i]);
      }
      own[i] = sum;
    }
    totals[local] = sum;
    workgroupBarrier();
    var before = 0u;
    for (var i = lane; i < local; i += 32u) { before += totals[i]; }
    if (first == 0u && angle < dims.n_angles) {
      before += turns_of_radians(state[dims.state_offset + head_start * dims.n_angles + angle]);
    }
    for (var i = 0u; i < 8u; i++) {
      let position = first + 8u * run + i;
      if (angle < dims.n_angles && position < dims.positions) {
        turned[(head_start * dims.positions + position) * dims.n_angles + angle] = before + own[i];
      }
    }
    workgroupBarrier();
  }
}
`
