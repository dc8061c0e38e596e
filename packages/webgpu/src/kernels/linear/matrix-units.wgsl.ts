import { outputsWgsl } from './outputs.wgsl.ts'
import { subgroupMatricesWgsl } from './subgroup-matrices.wgsl.ts'
import type { tileSizes } from './tiles.ts'
import { unrolled } from './unrolled.ts'

/** What makes a kernel for matrix units. */
export interface MatrixUnitsVariant {
  readonly tile: keyof typeof tileSizes
  /** Invocations of a subgroup. */
  readonly subgroupSize: number
  /** Parts whose sum the weights are; x is of two. */
  readonly weightParts: 1 | 2
  readonly isWeightScaled: boolean
  readonly isWideOutput: boolean
  readonly hasBias: boolean
}

/** Tiles of 16 · 16 elements of y of a subgroup, down and across, and subgroups of a workgroup. */
const shapes = {
  large: { down: 4, across: 2, subgroupsDown: 2, subgroupsAcross: 4 },
  small: { down: 2, across: 2, subgroupsDown: 2, subgroupsAcross: 2 },
} as const

/** Invocations of a workgroup. */
function invocationsOf({ tile, subgroupSize }: MatrixUnitsVariant): number {
  const { subgroupsDown, subgroupsAcross } = shapes[tile]
  return subgroupSize * subgroupsDown * subgroupsAcross
}

/**
 * The kernel that multiplies packed matrices.
 * @param operations what matrix units do; tests have others, for devices without them
 */
export function matrixUnitsWgsl(variant: MatrixUnitsVariant, operations = subgroupMatricesWgsl): string {
  const { down, across, subgroupsDown, subgroupsAcross } = shapes[variant.tile]
  const header = [
    `const SUBGROUP_SIZE = ${variant.subgroupSize}u;`,
    `const INVOCATIONS = ${invocationsOf(variant)}u;`,
    `const DOWN = ${down}u;`,
    `const ACROSS = ${across}u;`,
    `const SUBGROUPS_DOWN = ${subgroupsDown}u;`,
    `const SUBGROUPS_ACROSS = ${subgroupsAcross}u;`,
    `const WEIGHT_PARTS = ${variant.weightParts}u;`,
    `const IS_WEIGHT_SCALED = ${variant.isWeightScaled};`,
    `const HAS_BIAS = ${variant.hasBias};\n`,
  ].join('\n')
  return (
    operations + header + outputsWgsl(variant.isWideOutput) + unrolled(body, { DOWN: down, ACROSS: across })
  )
}

const body = /* wgsl */ `
// y = x Wᵀ (+ bias) of matrices that are packed: a subgroup computes DOWN · ACROSS tiles of 16 · 16 elements of y, with
// float32 sums of float16 products. x is the sum of two parts, and so may W be; what both lack in float16 is left out.
struct Dims {
  rows: u32, d_out: u32,                              // d_out: rows of this part of W
  row_tiles: u32, column_tiles: u32, k_tiles: u32,
  split_tiles: u32,                                   // of the k_tiles, those of a workgroup
  y_column: u32, y_stride: u32,
}

@group(0) @binding(0) var<storage, read> x: array<Half>;           // (2, row_tiles, k_tiles, 16, 16)
@group(0) @binding(1) var<storage, read> weights: array<Half>;     // (WEIGHT_PARTS, column_tiles, k_tiles, 16, 16)
@group(0) @binding(2) var<storage, read> x_scales: array<f32>;     // (row_tiles · 16)
@group(0) @binding(3) var<storage, read> w_scales: array<f32>;     // (column_tiles · 16)
@group(0) @binding(4) var<storage, read> bias: array<f32>;         // (all outputs)
@group(0) @binding(5) var<storage, read_write> y: array<Output>;   // (splits, rows, all outputs)
@group(0) @binding(6) var<uniform> dims: Dims;

var<workgroup> tiles: array<f32, INVOCATIONS / SUBGROUP_SIZE * 256u>;  // (subgroup, 16, 16)

// Beyond the last tile the last one is computed again, for nobody.
fn left_at(part: u32, tile: u32, k_tile: u32) -> u32 {
  return ((part * dims.row_tiles + min(tile, dims.row_tiles - 1u)) * dims.k_tiles + k_tile) * 256u;
}

fn right_at(part: u32, tile: u32, k_tile: u32) -> u32 {
  return ((part * dims.column_tiles + min(tile, dims.column_tiles - 1u)) * dims.k_tiles + k_tile) * 256u;
}

fn write_tile(start: u32, first_row: u32, first_column: u32, subgroup: u32, lane: u32) {
  for (var quad = lane; quad < 64u; quad += SUBGROUP_SIZE) {
    let row = first_row + quad / 4u;
    let column = first_column + quad % 4u * 4u;
    if (row < dims.rows && column < dims.d_out) {
      let at = 256u * subgroup + 4u * quad;
      var sums = x_scales[row] * vec4<f32>(tiles[at], tiles[at + 1u], tiles[at + 2u], tiles[at + 3u]);
      if (IS_WEIGHT_SCALED) {
        sums *= vec4<f32>(w_scales[column], w_scales[column + 1u], w_scales[column + 2u], w_scales[column + 3u]);
      }
      write_quad(start + row * dims.y_stride, column, sums);
    }
  }
}

@compute @workgroup_size(INVOCATIONS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  // In workgroups of one dimension, subgroups are cut from the invocations in order.
  let subgroup = local / SUBGROUP_SIZE;
  let lane = local % SUBGROUP_SIZE;
  let row_tile = (group.y * SUBGROUPS_DOWN + subgroup / SUBGROUPS_ACROSS) * DOWN;
  let column_tile = (group.x * SUBGROUPS_ACROSS + subgroup % SUBGROUPS_ACROSS) * ACROSS;
  let start = group.z * dims.split_tiles;
  let end = min(start + dims.split_tiles, dims.k_tiles);
  var sums = array<Sum, DOWN * ACROSS>();
  for (var k = start; k < end; k++) {
    var high = array<Left, DOWN>();
    var low = array<Left, DOWN>();
    for (var i = 0u; i < DOWN; i++) {
      high[i] = load_left(left_at(0u, row_tile + i, k));
      low[i] = load_left(left_at(1u, row_tile + i, k));
    }
    for (var j = 0u; j < ACROSS; j++) {
      let right = load_right(right_at(0u, column_tile + j, k));
      for (var i = 0u; i < DOWN; i++) {
        sums[i * ACROSS + j] = multiply_add(low[i], right, sums[i * ACROSS + j]);
        sums[i * ACROSS + j] = multiply_add(high[i], right, sums[i * ACROSS + j]);
      }
      if (WEIGHT_PARTS == 2u) {
        let rest = load_right(right_at(1u, column_tile + j, k));
        for (var i = 0u; i < DOWN; i++) {
          sums[i * ACROSS + j] = multiply_add(high[i], rest, sums[i * ACROSS + j]);
        }
      }
    }
  }
  let y_start = group.z * dims.rows * dims.y_stride;
  for (var i = 0u; i < DOWN; i++) {
    for (var j = 0u; j < ACROSS; j++) {
      store_sum(256u * subgroup, sums[i * ACROSS + j]);
      workgroupBarrier();
      write_tile(y_start, 16u * (row_tile + i), 16u * (column_tile + j), subgroup, lane);
      workgroupBarrier();
    }
  }
}
`
