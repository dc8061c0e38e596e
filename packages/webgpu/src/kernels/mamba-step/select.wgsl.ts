import { chunksWgsl } from '../linear/chunks.wgsl.ts'
import { elementsOf16Bytes, type WeightDType } from '../linear/weights.ts'
import { mathWgsl } from '../math.wgsl.ts'
import { tapsWgsl } from './conv.wgsl.ts'

/** What makes the first kernel of a step. */
export interface SelectVariant {
  readonly dtype: WeightDType
  /** Whether weights are read in vectors of 16 bytes. */
  readonly isWide: boolean
  readonly taps: number
  readonly hasBias: boolean
  /** Channels, rounded up to whole chunks of weights: what workgroup memory takes. */
  readonly room: number
  /** Invocations of a workgroup: a multiple of {@link SELECT_ROWS} times a power of two. */
  readonly size: number
}

/** Rows of the selection that a workgroup computes. */
export const SELECT_ROWS = 4

export function selectWgsl({ dtype, isWide, taps, hasBias, room, size }: SelectVariant): string {
  const header = `const CHUNK = ${elementsOf16Bytes(dtype)}u;
const TAPS = ${taps}u;
const HAS_BIAS = ${hasBias};
const ROOM = ${room}u;
const SIZE = ${size}u;
const SLICES = ${SELECT_ROWS}u;
`
  return header + chunksWgsl(dtype, isWide) + tapsWgsl(3, taps) + body + mathWgsl
}

const body = /* wgsl */ `
// One position: u = silu(conv(x)), selection = W u. Each workgroup convolves all channels for itself, which is less than
// it costs to start another kernel, and multiplies by SLICES rows of W, each with LANES invocations. The convolution's
// state is only read: other workgroups need it too.
struct Dims {
  d_in: u32, d_out: u32,  // channels, rows of W
  x_offset: u32, x_stride: u32,
  w_offset: u32, w_stride: u32, scale_start: u32,
}

@group(0) @binding(0) var<storage, read> weights: array<vec4<u32>>;    // (d_out, d_in), a view, of which 16 bytes each
@group(0) @binding(1) var<storage, read> words: array<u32>;            // the same, of which 4 bytes each
@group(0) @binding(2) var<storage, read> x: array<f32>;                // (batch, d_in), a view
@group(0) @binding(4) var<storage, read> conv_bias: array<f32>;        // (d_in), or not read
@group(0) @binding(5) var<storage, read> conv_state: array<f32>;       // (batch, d_in, TAPS − 1), oldest first
@group(0) @binding(6) var<storage, read_write> selection: array<f32>;  // (batch, d_out)
@group(0) @binding(7) var<storage, read_write> u: array<f32>;          // (batch, d_in)
@group(0) @binding(8) var<uniform> dims: Dims;

const LANES = SIZE / SLICES;
const QUADS = CHUNK / 4u;
const PAST = TAPS - 1u;
const CHUNKS = (ROOM / CHUNK + LANES - 1u) / LANES;  // of a row and an invocation
const CHANNELS = (ROOM + SIZE - 1u) / SIZE;          // of an invocation

var<workgroup> inputs: array<f32, ROOM>;
var<workgroup> sums: array<f32, SIZE>;

fn convolved(batch: u32, channel: u32) -> f32 {
  let past = (batch * dims.d_in + channel) * PAST;
  let taps = taps_of(channel);
  var sum = taps[PAST] * x[dims.x_offset + batch * dims.x_stride + channel];
  for (var k = 0u; k < PAST; k++) { sum += taps[k] * conv_state[past + k]; }
  if (HAS_BIAS) { sum += conv_bias[channel]; }
  return silu(sum);
}

@compute @workgroup_size(SIZE)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let batch = workgroup.y;
  let row = workgroup.x * SLICES + local / LANES;
  let lane = local % LANES;

  // Weights first: they are on their way while the convolution is computed.
  var bits: array<vec4<u32>, CHUNKS>;
  var scales: array<f32, CHUNKS>;
  for (var c = 0u; c < CHUNKS; c++) {
    let k = (c * LANES + lane) * CHUNK;
    if (row < dims.d_out && k < dims.d_in) {
      bits[c] = load_chunk(row, k);
      scales[c] = load_scale(row, k);
    }
  }
  for (var c = 0u; c < CHANNELS; c++) {
    let channel = c * SIZE + local;
    var value = 0.0;
    if (channel < dims.d_in) { value = convolved(batch, channel); }
    if (channel < ROOM) { inputs[channel] = value; }
    // Of what all workgroups compute, each stores its share.
    if (channel < dims.d_in && c % workgroups.x == workgroup.x) { u[batch * dims.d_in + channel] = value; }
  }
  workgroupBarrier();

  var sum = 0.0;
  for (var c = 0u; c < CHUNKS; c++) {
    let k = (c * LANES + lane) * CHUNK;
    if (k < ROOM) {
      var products = 0.0;
      for (var quad = 0u; quad < QUADS; quad++) {
        let at = k + 4u * quad;
        products += dot(expand(bits[c], quad), vec4<f32>(inputs[at], inputs[at + 1u], inputs[at + 2u], inputs[at + 3u]));
      }
      sum += scales[c] * products;
    }
  }
  sums[local] = sum;
  workgroupBarrier();
  for (var distance = LANES / 2u; distance > 0u; distance /= 2u) {
    if (lane < distance) { sums[local] += sums[local + distance]; }
    workgroupBarrier();
  }
  if (lane == 0u && row < dims.d_out) { selection[batch * dims.d_out + row] = sums[local]; }
}
`
