import { mathWgsl } from '../math.wgsl.ts'

/** What distinguishes the kernels of the convolution. */
export interface ConvVariant {
  readonly taps: number
  /** Positions of an invocation; at least taps − 1 where there are several tiles. */
  readonly tile: number
  readonly hasBias: boolean
  readonly activation: 'silu' | 'none'
}

export function causalConv1dWgsl({ taps, tile, hasBias, activation }: ConvVariant): string {
  return `const TAPS = ${taps}u;
const TILE = ${tile}u;
const HAS_BIAS = ${hasBias};
fn activate(x: f32) -> f32 { return ${activation === 'silu' ? 'silu(x)' : 'x'}; }
${body}${mathWgsl}`
}

const body = /* wgsl */ `
// y_t[c] = act(bias[c] + Σ_k weight[c, k] x_{t−TAPS+1+k}[c]), where x continues the inputs of the state. An invocation
// takes TILE positions of a channel. Only the first tile reads the state, so its invocations write the new one.
struct Dims {
  batch: u32, length: u32, channels: u32,
  tiles: u32,  // of a sequence
  x_offset: u32, x_stride: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;            // (batch, length, channels), a view
@group(0) @binding(1) var<storage, read> weight: array<f32>;       // (channels, TAPS)
@group(0) @binding(2) var<storage, read> bias: array<f32>;         // (channels), or not read
@group(0) @binding(3) var<storage, read_write> state: array<f32>;  // (batch, channels, TAPS − 1), oldest first
@group(0) @binding(4) var<storage, read_write> y: array<f32>;      // (batch, length, channels)
@group(0) @binding(5) var<uniform> dims: Dims;

const PAST = TAPS - 1u;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let index = (group.y * groups.x + group.x) * 64u + local;
  let channel = index % dims.channels;
  let tile = index / dims.channels % dims.tiles;
  let batch = index / dims.channels / dims.tiles;
  if (batch >= dims.batch) { return; }
  let first = tile * TILE;
  let x_start = dims.x_offset + batch * dims.length * dims.x_stride + channel;
  let state_start = (batch * dims.channels + channel) * PAST;

  // All of them before the first is needed, so that they are on their way together.
  var inputs: array<f32, PAST + TILE>;
  for (var i = 0u; i < PAST + TILE; i++) {
    let age = first + i;  // position + PAST
    if (age < PAST) {
      inputs[i] = state[state_start + age];
    } else if (age - PAST < dims.length) {
      inputs[i] = x[x_start + (age - PAST) * dims.x_stride];
    }
  }
  var taps: array<f32, TAPS>;
  for (var k = 0u; k < TAPS; k++) { taps[k] = weight[channel * TAPS + k]; }
  var start = 0.0;
  if (HAS_BIAS) { start = bias[channel]; }

  for (var t = 0u; t < TILE; t++) {
    if (first + t < dims.length) {
      var sum = start;
      for (var k = 0u; k < TAPS; k++) { sum += taps[k] * inputs[t + k]; }
      y[(batch * dims.length + first + t) * dims.channels + channel] = activate(sum);
    }
  }

  if (tile == 0u) {
    for (var k = 0u; k < PAST; k++) {
      let age = dims.length + k;
      // Ascending: what moves within the state is read before it is overwritten.
      if (age < PAST) {
        state[state_start + k] = state[state_start + age];
      } else {
        state[state_start + k] = x[x_start + (age - PAST) * dims.x_stride];
      }
    }
  }
}
`
