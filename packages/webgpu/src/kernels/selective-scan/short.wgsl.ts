import type { Access } from '../../queue/kernel.ts'
import { mathWgsl } from '../math.wgsl.ts'
import { type ScanVariant, scanHeaderWgsl, selectionWgsl, stateWgsl, weightsWgsl } from './arguments.wgsl.ts'
import { carefulDecayWgsl } from './decay.wgsl.ts'
import { SHORT_SIZE, shortScanLanes } from './short-lanes.ts'

/** Bytes of workgroup memory for B and C. */
const MAX_SELECTION_BYTES = 8192

/** The scan of short sequences, and of any: position after position, a channel's states in several invocations. */
export function shortScanWgsl(variant: ScanVariant) {
  const { groups } = variant
  const weights = weightsWgsl(7, variant)
  const code = `const SIZE = ${SHORT_SIZE}u;
const LANES = ${shortScanLanes(groups)}u;  // invocations of a channel
const ROUND = ${Math.max(1, Math.min(8, Math.floor(MAX_SELECTION_BYTES / (32 * groups))))}u;
${scanHeaderWgsl(variant)}${selectionWgsl(3, 'B', variant)}${selectionWgsl(4, 'C', variant)}${stateWgsl(5, variant)}
${weights.wgsl}${body}${carefulDecayWgsl}${mathWgsl}`
  const access: Access[] = ['read', 'read', 'read', 'read', 'read', 'write', 'write', ...weights.access]
  return { code, access }
}

const body = /* wgsl */ `
// Δ = softplus(dt + dt_bias), h ← exp(Δ A) h + Δ B u, y = (C h + D u) · silu(z). A channel's states are spread over LANES
// invocations, which keep them over all positions. The positions are taken in rounds; while one is scanned, the next is
// on its way.
@group(0) @binding(0) var<storage, read> u: array<f32>;        // (batch, length, d_inner), a view
@group(0) @binding(1) var<storage, read> dt: array<f32>;       // as u
@group(0) @binding(2) var<storage, read> z: array<f32>;        // as u; not read without a gate
@group(0) @binding(6) var<storage, read_write> y: array<f32>;  // (batch, length, d_inner)

const CHANNELS = SIZE / LANES;                        // of a workgroup
const SHARE = (GROUPS + LANES - 1u) / LANES;          // vectors of states of an invocation
const ITEMS = (ROUND + LANES - 1u) / LANES;           // positions of a round that an invocation loads and stores
const QUADS = (ROUND * GROUPS + SIZE - 1u) / SIZE;    // vectors of B, and of C, that it loads

var<workgroup> inputs: array<vec2<f32>, ROUND * CHANNELS>;  // Δ u and Δ
var<workgroup> Bs: array<vec4<f32>, ROUND * GROUPS>;
var<workgroup> Cs: array<vec4<f32>, ROUND * GROUPS>;
var<workgroup> sums: array<f32, ROUND * SIZE>;

fn fetch(row: u32, channel: u32) -> vec3<f32> {
  var gate = 0.0;
  if (dims.has_gate != 0u) { gate = z[dims.z_offset + row * dims.z_stride + channel]; }
  return vec3(u[dims.u_offset + row * dims.u_stride + channel], dt[dims.dt_offset + row * dims.dt_stride + channel], gate);
}

@compute @workgroup_size(SIZE)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let blocks = (dims.d_inner + CHANNELS - 1u) / CHANNELS;
  let index = workgroup.y * workgroups.x + workgroup.x;
  let batch = index / blocks;
  let first_channel = index % blocks * CHANNELS;
  let length = select(0u, dims.length, batch < dims.batch);
  let first_row = batch * dims.length;

  // What it scans: some states of a channel.
  let channel = first_channel + local / LANES;
  let lane = local % LANES;
  let is_mine = length > 0u && channel < dims.d_inner;
  var h: array<vec4<f32>, SHARE>;
  var a: array<vec4<f32>, SHARE>;
  for (var j = 0u; j < SHARE; j++) {
    let group = j * LANES + lane;
    if (is_mine && group < GROUPS) {
      h[j] = load_state(batch * dims.d_inner + channel, group);
      a[j] = A_of(channel, group) * LOG2_E;
    }
  }

  // What it loads and stores: a channel at every LANES-th position.
  let column = local % CHANNELS;
  let own = first_channel + column;
  let own_end = select(0u, length, own < dims.d_inner);
  var bias = 0.0;
  var skip = 0.0;
  if (own_end > 0u) {
    if (dims.has_bias != 0u) { bias = dt_bias_of(own); }
    skip = D_of(own);
  }
  var ahead: array<vec3<f32>, ITEMS>;
  var B_ahead: array<vec4<f32>, QUADS>;
  var C_ahead: array<vec4<f32>, QUADS>;

  for (var start = 0u; start < dims.length + ROUND; start += ROUND) {
    let last = start - min(start, ROUND);  // begin of the round that is scanned now; the first only loads
    let count = select(0u, min(ROUND, length - min(last, length)), start > 0u);
    var skipped = array<f32, ITEMS>();
    var gates = array<f32, ITEMS>();
    for (var j = 0u; j < ITEMS; j++) {
      let t = j * LANES + local / CHANNELS;
      if (t < count) {
        let delta = softplus(ahead[j].y + bias);
        inputs[t * CHANNELS + column] = vec2(delta * ahead[j].x, delta);
        skipped[j] = skip * ahead[j].x;
        gates[j] = silu(ahead[j].z);
      }
      if (t < ROUND && start + t < own_end) { ahead[j] = fetch(first_row + start + t, own); }
    }
    for (var j = 0u; j < QUADS; j++) {
      let i = j * SIZE + local;
      if (i < count * GROUPS) {
        Bs[i] = B_ahead[j];
        Cs[i] = C_ahead[j];
      }
      if (i < ROUND * GROUPS && start + i / GROUPS < length) {
        B_ahead[j] = B_of(first_row + start + i / GROUPS, i % GROUPS);
        C_ahead[j] = C_of(first_row + start + i / GROUPS, i % GROUPS);
      }
    }
    workgroupBarrier();

    for (var t = 0u; t < count; t++) {
      let input = inputs[t * CHANNELS + local / LANES];
      var sum = vec4<f32>();
      for (var j = 0u; j < SHARE; j++) {
        let group = j * LANES + lane;
        if (group < GROUPS) {
          h[j] = decayed(h[j], input.y * a[j]) + input.x * Bs[t * GROUPS + group];
          sum += Cs[t * GROUPS + group] * h[j];
        }
      }
      sums[t * SIZE + local] = (sum.x + sum.y) + (sum.z + sum.w);
    }
    workgroupBarrier();

    for (var j = 0u; j < ITEMS; j++) {
      let t = j * LANES + local / CHANNELS;
      if (t < count && own < dims.d_inner) {
        var result = skipped[j];
        for (var k = 0u; k < LANES; k++) { result += sums[t * SIZE + column * LANES + k]; }
        if (dims.has_gate != 0u) { result *= gates[j]; }
        y[(first_row + last + t) * dims.d_inner + own] = result;
      }
    }
  }

  for (var j = 0u; j < SHARE; j++) {
    let group = j * LANES + lane;
    if (is_mine && group < GROUPS) { store_state(batch * dims.d_inner + channel, group, h[j]); }
  }
}
`
