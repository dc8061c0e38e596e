import { chunksWgsl } from '../linear/chunks.wgsl.ts'
import { elementsOf16Bytes, isQuantised, type WeightDType } from '../linear/weights.ts'
import { mathWgsl } from '../math.wgsl.ts'
import { carefulDecayWgsl } from '../selective-scan/decay.wgsl.ts'
import { SHORT_SIZE, shortScanLanes } from '../selective-scan/short-lanes.ts'

/** What makes the second kernel of a step. */
export interface ScanStepVariant {
  readonly dtype: WeightDType
  /** Whether weights are read in vectors of 16 bytes. */
  readonly isWide: boolean
  readonly taps: number
  /** Vectors of four states of a channel. */
  readonly groups: number
  /** Rank of Δ's projection, rounded up to whole chunks of weights. */
  readonly room: number
}

/** Whether weights are also read word by word, which takes one more binding. */
export function readsWords(dtype: WeightDType, isWide: boolean): boolean {
  return isQuantised(dtype) || !isWide
}

export function scanStepWgsl({ dtype, isWide, taps, groups, room }: ScanStepVariant): string {
  const header = `const CHUNK = ${elementsOf16Bytes(dtype)}u;
const TAPS = ${taps}u;
const GROUPS = ${groups}u;  // vectors of four states of a channel
const LANES = ${shortScanLanes(groups)}u;  // invocations of a channel
const SIZE = ${SHORT_SIZE}u;
const ROOM = ${room}u;
`
  const needsWords = readsWords(dtype, isWide)
  const uniform = `@group(0) @binding(${needsWords ? 11 : 10}) var<uniform> dims: Dims;\n`
  return (
    header +
    chunksWgsl(dtype, isWide) +
    body +
    uniform +
    (needsWords ? wordsBinding : '') +
    carefulDecayWgsl +
    mathWgsl
  )
}

const wordsBinding = /* wgsl */ `
@group(0) @binding(10) var<storage, read> words: array<u32>;  // the same as weights, of which 4 bytes each
`

const body = /* wgsl */ `
// One position: Δ = softplus(W δ + dt_bias), h ← exp(Δ A) h + Δ B u, y = (C h + D u) · silu(z), and the convolution's
// state takes x in. A channel's states are spread over LANES invocations.
struct Dims {
  d_in: u32, d_out: u32,  // rank of Δ, channels
  w_offset: u32, w_stride: u32, scale_start: u32,
  selection_length: u32, dt_column: u32, B_column: u32, C_column: u32,
  x_offset: u32, x_stride: u32, z_offset: u32, z_stride: u32,
  has_dt_bias: u32,
}

@group(0) @binding(0) var<storage, read> selection: array<f32>;         // (batch, selection_length): δ, B and C
@group(0) @binding(1) var<storage, read> u: array<f32>;                 // (batch, d_out)
@group(0) @binding(2) var<storage, read> xz: array<f32>;                // x and z, (batch, d_out) each, views
@group(0) @binding(3) var<storage, read> weights: array<vec4<u32>>;     // (d_out, d_in), a view
@group(0) @binding(4) var<storage, read> dt_bias: array<f32>;           // (d_out), or not read
@group(0) @binding(5) var<storage, read> A: array<vec4<f32>>;           // (d_out, GROUPS), < 0
@group(0) @binding(6) var<storage, read> D: array<f32>;                 // (d_out)
@group(0) @binding(7) var<storage, read_write> state: array<vec4<f32>>; // (batch, d_out, GROUPS)
@group(0) @binding(8) var<storage, read_write> conv_state: array<f32>;  // (batch, d_out, TAPS − 1), oldest first
@group(0) @binding(9) var<storage, read_write> y: array<f32>;           // (batch, d_out)

const LOG2_E = 1.44269504;
const QUADS = CHUNK / 4u;
const CHANNELS = SIZE / LANES;
const SHARE = (GROUPS + LANES - 1u) / LANES;         // vectors of states of an invocation
const CHUNKS = (ROOM / CHUNK + LANES - 1u) / LANES;  // of a row of W and an invocation
const PAST = TAPS - 1u;

var<workgroup> low_rank: array<f32, ROOM>;
var<workgroup> Bs: array<f32, 4u * GROUPS>;
var<workgroup> Cs: array<f32, 4u * GROUPS>;
var<workgroup> sums: array<f32, SIZE>;

fn sum_of_lanes(value: f32, local: u32) -> f32 {
  sums[local] = value;
  workgroupBarrier();
  var sum = 0.0;
  for (var i = 0u; i < LANES; i++) { sum += sums[local - local % LANES + i]; }
  workgroupBarrier();
  return sum;
}

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let batch = workgroup.y;
  let channel = workgroup.x * CHANNELS + local / LANES;
  let lane = local % LANES;
  let is_mine = channel < dims.d_out;
  let at = batch * dims.d_out + channel;

  // Everything is asked for before anything is waited for.
  var h: array<vec4<f32>, SHARE>;
  var power: array<vec4<f32>, SHARE>;
  var bits: array<vec4<u32>, CHUNKS>;
  var scales: array<f32, CHUNKS>;
  var window: array<f32, TAPS>;
  var input = 0.0;
  var bias = 0.0;
  var skip = 0.0;
  var z = 0.0;
  if (is_mine) {
    for (var c = 0u; c < CHUNKS; c++) {
      let k = (c * LANES + lane) * CHUNK;
      if (k < dims.d_in) {
        bits[c] = load_chunk(channel, k);
        scales[c] = load_scale(channel, k);
      }
    }
    for (var j = 0u; j < SHARE; j++) {
      let group = j * LANES + lane;
      if (group < GROUPS) {
        h[j] = state[at * GROUPS + group];
        power[j] = A[channel * GROUPS + group] * LOG2_E;
      }
    }
    input = u[at];
    skip = D[channel];
    z = xz[dims.z_offset + batch * dims.z_stride + channel];
    if (dims.has_dt_bias != 0u) { bias = dt_bias[channel]; }
    for (var k = 1u; k < PAST; k++) { window[k - 1u] = conv_state[at * PAST + k]; }
    window[max(PAST, 1u) - 1u] = xz[dims.x_offset + batch * dims.x_stride + channel];
  }
  let selection_start = batch * dims.selection_length;
  for (var i = local; i < ROOM; i += SIZE) {
    var value = 0.0;
    if (i < dims.d_in) { value = selection[selection_start + dims.dt_column + i]; }
    low_rank[i] = value;
  }
  for (var i = local; i < 4u * GROUPS; i += SIZE) {
    Bs[i] = selection[selection_start + dims.B_column + i];
    Cs[i] = selection[selection_start + dims.C_column + i];
  }
  workgroupBarrier();

  var partial = 0.0;
  for (var c = 0u; c < CHUNKS; c++) {
    let k = (c * LANES + lane) * CHUNK;
    if (k < ROOM) {
      var products = 0.0;
      for (var quad = 0u; quad < QUADS; quad++) {
        let i = k + 4u * quad;
        products += dot(expand(bits[c], quad), vec4<f32>(low_rank[i], low_rank[i + 1u], low_rank[i + 2u], low_rank[i + 3u]));
      }
      partial += scales[c] * products;
    }
  }
  let delta = softplus(sum_of_lanes(partial, local) + bias);

  var sum = vec4<f32>();
  for (var j = 0u; j < SHARE; j++) {
    let group = j * LANES + lane;
    if (group < GROUPS) {
      let i = 4u * group;
      let B = vec4<f32>(Bs[i], Bs[i + 1u], Bs[i + 2u], Bs[i + 3u]);
      let C = vec4<f32>(Cs[i], Cs[i + 1u], Cs[i + 2u], Cs[i + 3u]);
      let next = decayed(h[j], delta * power[j]) + (input * delta) * B;
      sum += C * next;
      if (is_mine) { state[at * GROUPS + group] = next; }
    }
  }
  let output = sum_of_lanes((sum.x + sum.y) + (sum.z + sum.w), local);
  if (is_mine && lane == 0u) {
    y[at] = (output + skip * input) * silu(z);
    for (var k = 0u; k < PAST; k++) { conv_state[at * PAST + k] = window[k]; }
  }
}
`
