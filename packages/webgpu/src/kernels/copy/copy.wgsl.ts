/** Copies rows of elements of which `perWord` fill a word of 32 bits. */
export function copyWgsl(perWord: 1 | 2 | 4): string {
  return `const PER_WORD = ${perWord}u; // elements of a word\n${body}`
}

const body = /* wgsl */ `
// to = rows of from, without gaps: of every sequence of row_count rows those from first on, taken of them. One
// invocation for each word of the copy.
struct Dims {
  elements: u32,   // sequences · taken · columns
  columns: u32,
  offset: u32, stride: u32,
  row_count: u32, first: u32, taken: u32,
}

@group(0) @binding(0) var<storage, read> rows: array<u32>;       // (sequences, row_count, columns), a view
@group(0) @binding(1) var<storage, read_write> to: array<u32>;   // (sequences, taken, columns)
@group(0) @binding(2) var<uniform> dims: Dims;

const BITS = 32u / PER_WORD;
const MASK = 0xffffffffu >> (32u - BITS);

// Element i of the copy, in the lowest bits.
fn element(i: u32) -> u32 {
  let row = i / dims.columns;
  let from_row = row / dims.taken * dims.row_count + dims.first + row % dims.taken;
  let at = dims.offset + from_row * dims.stride + i % dims.columns;
  return (rows[at / PER_WORD] >> (BITS * (at % PER_WORD))) & MASK;
}

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let word = (group.y * groups.x + group.x) * 256u + local;
  let start = word * PER_WORD;
  if (start >= dims.elements) { return; }
  var packed = 0u;
  for (var k = 0u; k < PER_WORD && start + k < dims.elements; k++) {
    packed |= element(start + k) << (BITS * k);
  }
  to[word] = packed;
}
`
