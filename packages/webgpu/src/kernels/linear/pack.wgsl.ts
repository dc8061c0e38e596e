import { weightQuadsWgsl } from './quads.wgsl.ts'
import type { WeightDType } from './weights.ts'

/** What makes a kernel that packs a matrix. */
export interface PackVariant {
  readonly dtype: WeightDType
  readonly isWide: boolean
  /** Numbers of float16 whose sum an element is: 1 if they hold all of it, or else 2. */
  readonly parts: 1 | 2
  /** Whether each row is multiplied by a power of two, so that float16 holds it. */
  readonly isScaled: boolean
}

/** The kernel that makes float16 tiles of a matrix, for units that multiply such. */
export function packWgsl({ dtype, isWide, parts, isScaled }: PackVariant): string {
  return `const PARTS = ${parts}u;\nconst IS_SCALED = ${isScaled};\n${weightQuadsWgsl(dtype, isWide)}${body}`
}

const body = /* wgsl */ `
// A matrix becomes tiles of 16 rows by 16 columns of float16, and zeros where it ends. An element is the sum of PARTS of
// them, each of what the one before lacks: with two, 22 bits. A workgroup packs 16 rows, 16 invocations each row.
struct Dims {
  rows: u32, d_in: u32,
  w_offset: u32, w_stride: u32, scale_start: u32,
  row_tiles: u32, k_tiles: u32,
}

@group(0) @binding(0) var<storage, read> weights: array<Weight>;           // (rows, d_in), a view
@group(0) @binding(1) var<storage, read_write> packed: array<vec2<u32>>;   // (PARTS, row_tiles, k_tiles, 16, 16), halves
@group(0) @binding(2) var<storage, read_write> scales: array<f32>;         // (row_tiles · 16), what undoes the factors
@group(0) @binding(3) var<uniform> dims: Dims;

var<workgroup> largest: array<f32, 256>;

fn quad_at(row: u32, quad: u32) -> vec4<f32> {
  if (row >= dims.rows || 4u * quad >= dims.d_in) { return vec4<f32>(); }
  return expand_quad(weight_quad(row, 4u * quad));
}

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let tile = group.y * groups.x + group.x;
  if (tile >= dims.row_tiles) { return; } // The whole workgroup.
  let lane = local % 16u;
  let row_of_tile = local / 16u;
  let row = 16u * tile + row_of_tile;
  let quads = 4u * dims.k_tiles;
  var factor = 1.0;
  if (IS_SCALED) {
    var most = 0.0;
    for (var quad = lane; quad < quads; quad += 16u) {
      let values = abs(quad_at(row, quad));
      most = max(most, max(max(values.x, values.y), max(values.z, values.w)));
    }
    largest[local] = most;
    workgroupBarrier();
    for (var i = 0u; i < 16u; i++) { most = max(most, largest[16u * row_of_tile + i]); }
    // The power of two that takes the largest to 2¹⁴ or a little above; both it and its inverse are normal numbers.
    let exponent = clamp(268u - (bitcast<u32>(most) >> 23u), 1u, 253u);
    factor = bitcast<f32>(exponent << 23u);
    if (lane == 0u) { scales[row] = bitcast<f32>((254u - exponent) << 23u); }
  }
  for (var quad = lane; quad < quads; quad += 16u) {
    var rest = factor * quad_at(row, quad);
    for (var part = 0u; part < PARTS; part++) {
      // Rounded to the 11 bits of float16 by hand: a compiler may take packing and unpacking for doing nothing.
      let high = bitcast<vec4<f32>>((bitcast<vec4<u32>>(rest) + vec4<u32>(0x1000u)) & vec4<u32>(0xffffe000u));
      let halves = vec2<u32>(pack2x16float(high.xy), pack2x16float(high.zw));
      let at = ((part * dims.row_tiles + tile) * dims.k_tiles + quad / 4u) * 16u + row_of_tile;
      packed[4u * at + quad % 4u] = halves;
      rest -= high;
    }
  }
}
`
