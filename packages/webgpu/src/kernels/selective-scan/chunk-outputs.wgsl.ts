import type { Access } from '../../queue/kernel.ts'
import { mathWgsl } from '../math.wgsl.ts'
import { type ScanVariant, scanHeaderWgsl, selectionWgsl, weightsWgsl } from './arguments.wgsl.ts'
import { decayWgsl } from './decay.wgsl.ts'

/** Third pass, over the chunks again: the outputs, with the state before each chunk. */
export function chunkOutputsWgsl(variant: ScanVariant) {
  const weights = weightsWgsl(7, variant)
  const code = `${scanHeaderWgsl(variant)}${selectionWgsl(3, 'B', variant)}${selectionWgsl(4, 'C', variant)}${weights.wgsl}
${body}${decayWgsl}${mathWgsl}`
  const access: Access[] = ['read', 'read', 'read', 'read', 'read', 'read', 'write', ...weights.access]
  return { code, access }
}

const body = /* wgsl */ `
// y = (C h + D u) · silu(z) over each chunk of a sequence. As the first pass, a workgroup takes 64 channels of a chunk,
// an invocation all states of a channel; TILE positions are loaded together, scanned, and then stored.
@group(0) @binding(0) var<storage, read> u: array<f32>;              // (batch, length, d_inner), a view
@group(0) @binding(1) var<storage, read> dt: array<f32>;             // as u
@group(0) @binding(2) var<storage, read> z: array<f32>;              // as u; not read without a gate
@group(0) @binding(5) var<storage, read> states: array<vec4<f32>>;   // (batch, chunks, GROUPS, d_inner), before each
@group(0) @binding(6) var<storage, read_write> y: array<f32>;        // (batch, length, d_inner)

const SIZE = 64u;
const TILE = 8u;

var<workgroup> inputs: array<vec2<f32>, TILE * SIZE>;   // u and Δ, then u and C h: each invocation's own
var<workgroup> Bs: array<vec4<f32>, TILE * GROUPS>;
var<workgroup> Cs: array<vec4<f32>, TILE * GROUPS>;

@compute @workgroup_size(SIZE)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let channel = workgroup.x * SIZE + local;
  let chunk = workgroup.y;
  let batch = workgroup.z;
  let is_mine = channel < dims.d_inner;
  let end = min((chunk + 1u) * dims.chunk_length, dims.length);
  let block = batch * dims.chunks + chunk;

  var h: array<vec4<f32>, GROUPS>;
  var a: array<vec4<f32>, GROUPS>;
  var bias = 0.0;
  var skip = 0.0;
  if (is_mine) {
    for (var g = 0u; g < GROUPS; g++) {
      h[g] = states[(block * GROUPS + g) * dims.d_inner + channel];
      a[g] = A_of(channel, g) * LOG2_E;
    }
    if (dims.has_bias != 0u) { bias = dt_bias_of(channel); }
    skip = D_of(channel);
  }

  for (var start = chunk * dims.chunk_length; start < end; start += TILE) {
    let count = min(TILE, end - start);
    let first_row = batch * dims.length + start;
    workgroupBarrier();
    for (var i = local; i < count * GROUPS; i += SIZE) {
      Bs[i] = B_of(first_row + i / GROUPS, i % GROUPS);
      Cs[i] = C_of(first_row + i / GROUPS, i % GROUPS);
    }
    for (var t = 0u; t < TILE; t++) {
      if (is_mine && t < count) {
        let row = first_row + t;
        let delta = softplus(dt[dims.dt_offset + row * dims.dt_stride + channel] + bias);
        inputs[t * SIZE + local] = vec2(u[dims.u_offset + row * dims.u_stride + channel], delta);
      }
    }
    workgroupBarrier();
    for (var t = 0u; t < count; t++) {
      let input = inputs[t * SIZE + local];
      var sum = vec4<f32>();
      for (var g = 0u; g < GROUPS; g++) {
        h[g] = decayed(h[g], input.y * a[g]) + (input.x * input.y) * Bs[t * GROUPS + g];
        sum += Cs[t * GROUPS + g] * h[g];
      }
      inputs[t * SIZE + local].y = (sum.x + sum.y) + (sum.z + sum.w);
    }
    for (var t = 0u; t < TILE; t++) {
      if (is_mine && t < count) {
        let row = first_row + t;
        let input = inputs[t * SIZE + local];
        var result = skip * input.x + input.y;
        if (dims.has_gate != 0u) { result *= silu(z[dims.z_offset + row * dims.z_stride + channel]); }
        y[row * dims.d_inner + channel] = result;
      }
    }
  }
}
`
