import type { Access } from '../../queue/kernel.ts'
import { mathWgsl } from '../math.wgsl.ts'
import { type ScanVariant, scanHeaderWgsl, selectionWgsl, stateWgsl, weightsWgsl } from './arguments.wgsl.ts'
import { carefulDecayWgsl } from './decay.wgsl.ts'

/** The scan of very few positions, as when decoding. */
export function stepWgsl(variant: ScanVariant) {
  const weights = weightsWgsl(7, variant)
  const code = `${scanHeaderWgsl(variant)}${selectionWgsl(3, 'B', variant)}${selectionWgsl(4, 'C', variant)}
${stateWgsl(5, variant)}${weights.wgsl}${body}${carefulDecayWgsl}${mathWgsl}`
  const access: Access[] = ['read', 'read', 'read', 'read', 'read', 'write', 'write', ...weights.access]
  return { code, access }
}

const body = /* wgsl */ `
// Δ = softplus(dt + dt_bias), h ← exp(Δ A) h + Δ B u, y = (C h + D u) · silu(z): an invocation has a channel with all its
// states, and needs no other.
@group(0) @binding(0) var<storage, read> u: array<f32>;        // (batch, length, d_inner), a view
@group(0) @binding(1) var<storage, read> dt: array<f32>;       // as u
@group(0) @binding(2) var<storage, read> z: array<f32>;        // as u; not read without a gate
@group(0) @binding(6) var<storage, read_write> y: array<f32>;  // (batch, length, d_inner)

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let state_row = (workgroup.y * workgroups.x + workgroup.x) * 64u + local;
  let channel = state_row % dims.d_inner;
  let batch = state_row / dims.d_inner;
  if (batch >= dims.batch) { return; }

  var h: array<vec4<f32>, GROUPS>;
  var a: array<vec4<f32>, GROUPS>;
  for (var g = 0u; g < GROUPS; g++) {
    h[g] = load_state(state_row, g);
    a[g] = A_of(channel, g) * LOG2_E;
  }
  var bias = 0.0;
  if (dims.has_bias != 0u) { bias = dt_bias_of(channel); }
  let skip = D_of(channel);

  for (var t = 0u; t < dims.length; t++) {
    let row = batch * dims.length + t;
    let input = u[dims.u_offset + row * dims.u_stride + channel];
    let delta = softplus(dt[dims.dt_offset + row * dims.dt_stride + channel] + bias);
    var sum = vec4<f32>();
    for (var g = 0u; g < GROUPS; g++) {
      h[g] = decayed(h[g], delta * a[g]) + (delta * input) * B_of(row, g);
      sum += C_of(row, g) * h[g];
    }
    var result = skip * input + ((sum.x + sum.y) + (sum.z + sum.w));
    if (dims.has_gate != 0u) { result *= silu(z[dims.z_offset + row * dims.z_stride + channel]); }
    y[row * dims.d_inner + channel] = result;
  }

  for (var g = 0u; g < GROUPS; g++) { store_state(state_row, g, h[g]); }
}
`
