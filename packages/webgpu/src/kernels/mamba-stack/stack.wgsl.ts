import { expandsWgsl } from '../linear/chunks.wgsl.ts'
import { elementsOf16Bytes, isQuantised, type WeightDType } from '../linear/weights.ts'
import { mathWgsl } from '../math.wgsl.ts'
import { carefulDecayWgsl } from '../selective-scan/decay.wgsl.ts'
import { gridWgsl } from './grid.wgsl.ts'
import { phasesWgsl } from './phases.wgsl.ts'
import { rowsWgsl } from './rows.wgsl.ts'
import { scanWgsl } from './scan.wgsl.ts'

/** What makes the kernel of a whole step; each combination is compiled for itself. */
export interface StackVariant {
  /** Of all matrices but Δ's projection, which is f32. */
  readonly dtype: WeightDType
  readonly dModel: number
  readonly dInner: number
  readonly dState: number
  readonly dtRank: number
  readonly taps: number
  readonly hasConvBias: boolean
  /** Workgroups that run side by side, invocations of each, and invocations of a subgroup. */
  readonly workgroups: number
  readonly size: number
  readonly lanes: number
}

/** Words of a layer in the table of offsets. */
export const LAYER_WORDS = 16

/** Places of what workgroups hand each other, in words: the barrier's counters, then activations. */
export function exchangePlaces({ dModel, dInner, dState, dtRank }: StackVariant) {
  const x = 64
  const u = x + dModel
  const z = u + dInner
  const selection = z + dInner
  const y = selection + dtRank + 2 * dState
  return { x, u, z, selection, y, end: y + dInner }
}

/** Invocations of a channel in the scan, of which each keeps four states. */
export function channelLanes(lanes: number): number {
  return Math.min(16, lanes)
}

/** Subgroups that share a row of the output projection, so that as many as possible have something to do. */
function partsOf({ workgroups, size, lanes, dModel }: StackVariant): number {
  const subgroups = size / lanes
  let parts = 1
  while (2 * parts <= subgroups && 2 * parts * dModel <= workgroups * subgroups) parts *= 2
  return parts
}

export function stackWgsl(variant: StackVariant): string {
  const { dtype, dModel, dInner, dState, dtRank, taps, hasConvBias, workgroups, size, lanes } = variant
  const places = exchangePlaces(variant)
  const header = [
    'enable subgroups;',
    `const D_MODEL = ${dModel}u;`,
    `const D_INNER = ${dInner}u;`,
    `const D_STATE = ${dState}u;`,
    `const DT_RANK = ${dtRank}u;`,
    `const TAPS = ${taps}u;`,
    `const HAS_CONV_BIAS = ${hasConvBias};`,
    `const WORKGROUPS = ${workgroups}u;`,
    `const SIZE = ${size}u;`,
    `const LANES = ${lanes}u;`,
    `const CHANNEL_LANES = ${channelLanes(lanes)}u;`,
    `const CHUNK = ${elementsOf16Bytes(dtype)}u;`,
    `const HAS_SCALES = ${isQuantised(dtype)};`,
    `const LAYER_WORDS = ${LAYER_WORDS}u;`,
    `const PARTS = ${partsOf(variant)}u;`,
    `const X = ${places.x}u;`,
    `const U = ${places.u}u;`,
    `const Z = ${places.z}u;`,
    `const SELECTION = ${places.selection}u;`,
    `const Y = ${places.y}u;\n`,
  ].join('\n')
  return (
    header +
    declarations +
    expandsWgsl(dtype) +
    gridWgsl +
    rowsWgsl +
    phasesWgsl +
    scanWgsl +
    main +
    carefulDecayWgsl +
    mathWgsl
  )
}

const declarations = /* wgsl */ `
// A step of a whole model, one token, in one kernel: embedding, layers, head. Its workgroups run side by side, and wait
// for each other between phases. What one of them computes for others goes through atomics, which all of them see.
struct Dims {
  layers: u32,
  vocabulary: u32,
  embedding: u32, embedding_scales: u32,  // in vectors of 16 bytes; in words
  head: u32, head_scales: u32, head_norm: u32,
  eps: f32,
  rehearsals: u32,  // > 0: only meet so many times
}

@group(0) @binding(0) var<storage, read> weights: array<vec4<u32>>;          // all weights, of which 16 bytes each
@group(0) @binding(1) var<storage, read> words: array<u32>;                  // the same, of which 4 bytes each
@group(0) @binding(2) var<storage, read> table: array<u32>;                  // (layers, LAYER_WORDS): where weights are
@group(0) @binding(3) var<storage, read> ids: array<i32>;                    // (1)
@group(0) @binding(4) var<storage, read_write> state: array<f32>;            // of all layers
@group(0) @binding(5) var<storage, read_write> exchange: array<atomic<u32>>; // see the constants X to Y
@group(0) @binding(6) var<storage, read_write> logits: array<f32>;           // (vocabulary)
@group(0) @binding(7) var<uniform> dims: Dims;

const SUBGROUPS = SIZE / LANES;
const QUADS = CHUNK / 4u;
const PAST = TAPS - 1u;
const LOG2_E = 1.44269504;

var<workgroup> residual: array<f32, D_MODEL>;   // the residual stream, of which every workgroup has a copy
var<workgroup> staged: array<vec4<f32>, D_INNER / 4u>;
var<workgroup> inner: array<f32, D_INNER>;
var<workgroup> selected: array<f32, DT_RANK + 2u * D_STATE>;
var<workgroup> sums: array<f32, SUBGROUPS>;
`

const main = /* wgsl */ `
@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let workgroup = id.x;
  for (var i = 0u; i < dims.rehearsals; i++) { meet(local); }
  if (dims.rehearsals == 0u) {
    embed(local);
    var bits = input_bits(workgroup, local, 0u);
    for (var layer = 0u; layer < dims.layers; layer++) {
      let first = layer * LAYER_WORDS;
      project_in(workgroup, local, first, layer > 0u, bits);
      bits = selection_bits(workgroup, local, first);
      meet(local);
      select_parameters(workgroup, local, first, bits);
      let channel = channel_of(workgroup, local, first, 0u);
      bits = output_bits(workgroup, local, first);
      meet(local);
      scan(workgroup, local, first, channel);
      meet(local);
      project_out(workgroup, local, first, bits);
      bits = input_bits(workgroup, local, min(layer + 1u, dims.layers - 1u) * LAYER_WORDS);
      meet(local);
    }
    project_to_vocabulary(workgroup, local);
  }
  leave(workgroup, local);
}
`
