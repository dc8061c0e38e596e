import type { WeightDType } from '../linear/weights.ts'

/** The kernel that copies rows of a table of a dtype. */
export function embeddingWgsl(dtype: WeightDType): string {
  return loads[dtype] + body
}

const scale = /* wgsl */ `
fn scale_of(block: u32) -> f32 {
  return unpack2x16float(table[dims.scale_start + block / 2u])[block % 2u];
}
`

/** The bits of element i as float32. */
const loads: Readonly<Record<WeightDType, string>> = {
  f32: /* wgsl */ `
fn load(i: u32) -> u32 {
  return table[i];
}
`,
  f16: /* wgsl */ `
fn load(i: u32) -> u32 {
  return bitcast<u32>(unpack2x16float(table[i / 2u])[i % 2u]);
}
`,
  bf16: /* wgsl */ `
fn load(i: u32) -> u32 {
  let pair = table[i / 2u];
  return select(pair & 0xffff0000u, pair << 16u, i % 2u == 0u);
}
`,
  q8_0: /* wgsl */ `
fn load(i: u32) -> u32 {
  let word = table[i / 4u];
  let quant = bitcast<i32>(word << (24u - 8u * (i % 4u))) >> 24u;
  return bitcast<u32>(scale_of(i / 32u) * f32(quant));
}
${scale}`,
  q4_0: /* wgsl */ `
fn load(i: u32) -> u32 {
  // Element e of the first 16 is in the lower half of byte e, and element e + 16 in its upper half.
  let byte = i % 16u;
  let word = table[4u * (i / 32u) + byte / 4u];
  let quant = (word >> (8u * (byte % 4u) + 4u * (i % 32u / 16u))) & 15u;
  return bitcast<u32>(scale_of(i / 32u) * (f32(quant) - 8.0));
}
${scale}`,
}

const body = /* wgsl */ `
// y[position] = table[ids[position]], one invocation per element. A table may be split by rows: each part then writes
// the positions whose ids it has. Elements are bits, so that the NaN of a row that nobody has stays one.
struct Dims {
  batch: u32, length: u32, size: u32,
  ids_offset: u32, ids_stride: u32,
  first_row: u32, rows: u32, vocabulary: u32,  // of this part, and of all
  table_offset: u32, table_stride: u32, scale_start: u32,
}

@group(0) @binding(0) var<storage, read> table: array<u32>;    // (rows, size), a view, as words
@group(0) @binding(1) var<storage, read> ids: array<i32>;      // (batch, length), a view
@group(0) @binding(2) var<storage, read_write> y: array<u32>;  // (batch · length, size), bits of float32
@group(0) @binding(3) var<uniform> dims: Dims;

const NAN = 0x7fc00000u;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let i = (group.y * groups.x + group.x) * 256u + local;
  if (i >= dims.batch * dims.length * dims.size) { return; }
  let position = i / dims.size;
  let at = dims.ids_offset + position / dims.length * dims.ids_stride + position % dims.length;
  // Negative ids are beyond every vocabulary.
  let id = bitcast<u32>(ids[at]);
  let row = id - dims.first_row;
  if (id >= dims.first_row && row < dims.rows) {
    y[i] = load(dims.table_offset + row * dims.table_stride + i % dims.size);
  } else if (id >= dims.vocabulary && dims.first_row == 0u) {
    y[i] = NAN;
  }
}
`
