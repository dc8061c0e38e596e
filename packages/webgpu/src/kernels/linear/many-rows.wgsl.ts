import { inputQuadsWgsl } from './input-quads.wgsl.ts'
import { outputsWgsl } from './outputs.wgsl.ts'
import { weightQuadsWgsl } from './quads.wgsl.ts'
import { registers4, registers8 } from './registers.wgsl.ts'
import { tileSizes } from './tiles.ts'
import type { WeightDType } from './weights.ts'

/** What makes a kernel for many rows. */
export interface ManyRowsVariant {
  readonly dtype: WeightDType
  readonly tile: keyof typeof tileSizes
  readonly isWideWeight: boolean
  readonly isWideInput: boolean
  /** Whether rows of y, and of y what this part of the weights gives, begin at multiples of 4 elements. */
  readonly isWideOutput: boolean
  readonly hasBias: boolean
}

/** Columns of x in workgroup memory at a time: as many as 16 KiB hold, and 256 invocations put there in one go. */
export const K_TILES = { large: 16, small: 32 } as const

/** The kernel that multiplies many rows. */
export function manyRowsWgsl(variant: ManyRowsVariant): string {
  const isLarge = variant.tile === 'large'
  const header = [
    `const TILE = ${tileSizes[variant.tile]}u;`,
    `const REGISTERS = ${isLarge ? 8 : 4}u;`,
    `const K_TILE = ${K_TILES[variant.tile]}u;`,
    `const HAS_BIAS = ${variant.hasBias};\n`,
  ].join('\n')
  const memory = [
    weightQuadsWgsl(variant.dtype, variant.isWideWeight),
    inputQuadsWgsl(variant.isWideInput),
    outputsWgsl(variant.isWideOutput),
  ].join('')
  return header + memory + (isLarge ? registers8 : registers4) + body
}

const body = /* wgsl */ `
// y = x Wᵀ (+ bias) for many rows: a workgroup computes TILE · TILE elements of y, each invocation REGISTERS · REGISTERS of
// them. Of x and W, K_TILE columns at a time are in workgroup memory as float32, transposed; the next ones are on their way
// meanwhile. The columns may be split among workgroups, whose sums are then added up by another kernel.
struct Dims {
  rows: u32, d_in: u32, d_out: u32,  // d_out: rows of this part of W
  x_offset: u32, x_stride: u32,
  w_offset: u32, w_stride: u32, scale_start: u32,
  y_column: u32, y_stride: u32,
  split_size: u32,                   // columns of x of a workgroup
}

@group(0) @binding(0) var<storage, read> weights: array<Weight>;   // (d_out, d_in), a view
@group(0) @binding(1) var<storage, read> x: array<Input>;          // (rows, d_in), a view
@group(0) @binding(2) var<storage, read> bias: array<f32>;         // (all outputs)
@group(0) @binding(3) var<storage, read_write> y: array<Output>;   // (splits, rows, all outputs)
@group(0) @binding(4) var<uniform> dims: Dims;

const THREADS = TILE / REGISTERS;
const INVOCATIONS = THREADS * THREADS;
const TILE_QUADS = TILE / 4u;
const K_QUADS = K_TILE / 4u;
// Four rows by four columns of x, or of W: what an invocation puts into workgroup memory at a time. 2 BLOCKS are INVOCATIONS.
const BLOCKS = TILE_QUADS * K_QUADS;

var<workgroup> tiles: array<vec4<f32>, 2u * K_TILE * TILE_QUADS>;  // (x or W, column, four rows)

alias Block = array<vec4<u32>, 4>;

// Where four rows of a column are. Neighbouring columns are shifted against each other, for the memory's banks.
fn place(matrix: u32, column: u32, quad: u32) -> u32 {
  return (matrix * K_TILE + column) * TILE_QUADS + (quad ^ (column / 4u * 2u));
}

fn fetch(block: u32, first_row: u32, first_column: u32, start: u32, end: u32) -> Block {
  let k = start + block % K_QUADS * 4u;
  let quad = block / K_QUADS % TILE_QUADS * 4u;
  if (k >= end) { return Block(); }
  if (block < BLOCKS) {
    let row = first_row + quad;
    let last = dims.rows - 1u;
    return Block(
      x_quad(min(row, last), k), x_quad(min(row + 1u, last), k), x_quad(min(row + 2u, last), k), x_quad(min(row + 3u, last), k));
  }
  let column = first_column + quad;
  let last = dims.d_out - 1u;
  return Block(
    weight_quad(min(column, last), k), weight_quad(min(column + 1u, last), k),
    weight_quad(min(column + 2u, last), k), weight_quad(min(column + 3u, last), k));
}

fn store(block: u32, bits: Block) {
  var quads: mat4x4<f32>;
  if (block < BLOCKS) {
    quads = mat4x4<f32>(
      bitcast<vec4<f32>>(bits[0]), bitcast<vec4<f32>>(bits[1]), bitcast<vec4<f32>>(bits[2]), bitcast<vec4<f32>>(bits[3]));
  } else {
    quads = mat4x4<f32>(expand_quad(bits[0]), expand_quad(bits[1]), expand_quad(bits[2]), expand_quad(bits[3]));
  }
  let columns = transpose(quads);
  let k = block % K_QUADS * 4u;
  let quad = block / K_QUADS % TILE_QUADS;
  tiles[place(block / BLOCKS, k, quad)] = columns[0];
  tiles[place(block / BLOCKS, k + 1u, quad)] = columns[1];
  tiles[place(block / BLOCKS, k + 2u, quad)] = columns[2];
  tiles[place(block / BLOCKS, k + 3u, quad)] = columns[3];
}

@compute @workgroup_size(INVOCATIONS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let first_column = group.x * TILE;
  let first_row = group.y * TILE;
  let start = group.z * dims.split_size;
  let end = min(start + dims.split_size, dims.d_in);
  let row_quad = local / THREADS;
  let column_quad = local % THREADS;
  var sums = Sums();
  var next = fetch(local, first_row, first_column, start, end);
  for (var k = start; k < end; k += K_TILE) {
    workgroupBarrier();
    store(local, next);
    workgroupBarrier();
    next = fetch(local, first_row, first_column, k + K_TILE, end);
    for (var column = 0u; column < K_TILE; column += 4u) {
      multiply(&sums, column, row_quad, column_quad);
      multiply(&sums, column + 1u, row_quad, column_quad);
      multiply(&sums, column + 2u, row_quad, column_quad);
      multiply(&sums, column + 3u, row_quad, column_quad);
    }
  }
  let y_start = group.z * dims.rows * dims.y_stride;
  write(&sums, y_start, first_row + 4u * row_quad, first_column + 4u * column_quad);
}
`
