import type { Access } from '../../queue/kernel.ts'
import { type ScanVariant, scanHeaderWgsl } from './arguments.wgsl.ts'

/** Second pass, over the chunks: the state before each of them. */
export function carryStatesWgsl(variant: ScanVariant) {
  const access: Access[] = ['write', 'read', 'read', 'write']
  return { code: scanHeaderWgsl(variant) + body, access }
}

const body = /* wgsl */ `
// state_c+1 = exp(A Σ Δ) state_c + what chunk c adds, chunk after chunk, one invocation for each state. The state before
// a chunk takes the place of what the chunk adds.
@group(0) @binding(0) var<storage, read_write> states: array<f32>;  // (batch, chunks, GROUPS, d_inner, 4)
@group(0) @binding(1) var<storage, read> total_steps: array<f32>;   // (batch, chunks, d_inner): Σ Δ
@group(0) @binding(2) var<storage, read> A: array<f32>;             // (d_inner, d_state), < 0
@group(0) @binding(3) var<storage, read_write> state: array<f32>;   // (batch, d_inner, d_state)
@group(0) @binding(4) var<uniform> dims: Dims;

const AHEAD = 8u;  // chunks that are on their way together

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let index = (workgroup.y * workgroups.x + workgroup.x) * 64u + local;
  let per_chunk = GROUPS * dims.d_inner * 4u;
  let batch = index / per_chunk;
  let within = index % per_chunk;
  let channel = within / 4u % dims.d_inner;
  let n = within / 4u / dims.d_inner * 4u + within % 4u;
  if (batch >= dims.batch || n >= dims.d_state) { return; }

  let a = A[channel * dims.d_state + n] * LOG2_E;
  let own = (batch * dims.d_inner + channel) * dims.d_state + n;
  let first = batch * dims.chunks;
  var h = state[own];
  for (var chunk = 0u; chunk < dims.chunks; chunk += AHEAD) {
    var added = array<f32, AHEAD>();
    var totals = array<f32, AHEAD>();
    for (var k = 0u; k < AHEAD; k++) {
      if (chunk + k < dims.chunks) {
        added[k] = states[(first + chunk + k) * per_chunk + within];
        totals[k] = total_steps[(first + chunk + k) * dims.d_inner + channel];
      }
    }
    for (var k = 0u; k < AHEAD; k++) {
      if (chunk + k < dims.chunks) {
        states[(first + chunk + k) * per_chunk + within] = h;
        h = exp2(a * totals[k]) * h + added[k];
      }
    }
  }
  state[own] = h;
}
`
