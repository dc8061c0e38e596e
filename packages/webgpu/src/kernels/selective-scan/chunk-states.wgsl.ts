import type { Access } from '../../queue/kernel.ts'
import { mathWgsl } from '../math.wgsl.ts'
import {
  AWgsl,
  dimsBindingWgsl,
  dtBiasWgsl,
  type ScanVariant,
  scanHeaderWgsl,
  selectionWgsl,
} from './arguments.wgsl.ts'
import { decayWgsl } from './decay.wgsl.ts'

/** First pass over the chunks of a sequence: what each adds to the state, and how far it lets the past decay. */
export function chunkStatesWgsl(variant: ScanVariant) {
  const code = `${scanHeaderWgsl(variant)}${selectionWgsl(2, 'B', variant)}${AWgsl(5, variant)}${dtBiasWgsl(6)}
${dimsBindingWgsl(7)}${body}${decayWgsl}${mathWgsl}`
  const access: Access[] = ['read', 'read', 'read', 'write', 'write', 'read', 'read']
  return { code, access }
}

const body = /* wgsl */ `
// The state after each chunk of a sequence if it were zero before it, and Σ Δ over the chunk. A workgroup takes 64
// channels of a chunk, an invocation all states of a channel; TILE positions are loaded together and then scanned.
@group(0) @binding(0) var<storage, read> u: array<f32>;                       // (batch, length, d_inner), a view
@group(0) @binding(1) var<storage, read> dt: array<f32>;                      // as u
@group(0) @binding(3) var<storage, read_write> states: array<vec4<f32>>;      // (batch, chunks, GROUPS, d_inner)
@group(0) @binding(4) var<storage, read_write> total_steps: array<f32>;       // (batch, chunks, d_inner)

const SIZE = 64u;
const TILE = 8u;

var<workgroup> inputs: array<vec2<f32>, TILE * SIZE>;   // Δ u and Δ, each invocation's own
var<workgroup> Bs: array<vec4<f32>, TILE * GROUPS>;

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

  var h: array<vec4<f32>, GROUPS>;
  var a: array<vec4<f32>, GROUPS>;
  var bias = 0.0;
  if (is_mine) {
    for (var g = 0u; g < GROUPS; g++) { a[g] = A_of(channel, g) * LOG2_E; }
    if (dims.has_bias != 0u) { bias = dt_bias_of(channel); }
  }

  var total = 0.0;
  for (var start = chunk * dims.chunk_length; start < end; start += TILE) {
    let count = min(TILE, end - start);
    let first_row = batch * dims.length + start;
    workgroupBarrier();
    for (var i = local; i < count * GROUPS; i += SIZE) {
      Bs[i] = B_of(first_row + i / GROUPS, i % GROUPS);
    }
    for (var t = 0u; t < TILE; t++) {
      if (is_mine && t < count) {
        let row = first_row + t;
        let delta = softplus(dt[dims.dt_offset + row * dims.dt_stride + channel] + bias);
        inputs[t * SIZE + local] = vec2(delta * u[dims.u_offset + row * dims.u_stride + channel], delta);
      }
    }
    workgroupBarrier();
    for (var t = 0u; t < count; t++) {
      let input = inputs[t * SIZE + local];
      for (var g = 0u; g < GROUPS; g++) {
        h[g] = decayed(h[g], input.y * a[g]) + input.x * Bs[t * GROUPS + g];
      }
      total += input.y;
    }
  }

  if (is_mine) {
    let block = batch * dims.chunks + chunk;
    for (var g = 0u; g < GROUPS; g++) { states[(block * GROUPS + g) * dims.d_inner + channel] = h[g]; }
    total_steps[block * dims.d_inner + channel] = total;
  }
}
`
