/** The last key and the last input of a span become the state's. */
export const rememberWgsl = /* wgsl */ `
// One invocation for each element of a head's keys, and then of its input.
struct Dims {
  positions: u32, rank: u32, n_heads: u32, head_dim: u32, d_state: u32, first_sequence: u32,
  x_offset: u32, x_sequence: u32, x_row: u32,
}

@group(0) @binding(0) var<storage, read> k: array<f32>;             // (sequences, n_heads, positions, rank, d_state)
@group(0) @binding(1) var<storage, read> x: array<f32>;             // (sequences, positions, n_heads, head_dim), a view
@group(0) @binding(2) var<storage, read_write> last_k: array<f32>;  // (sequences, rank, n_heads, d_state)
@group(0) @binding(3) var<storage, read_write> last_v: array<f32>;  // (sequences, n_heads, head_dim)
@group(0) @binding(4) var<uniform> dims: Dims;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let i = group.x * 64u + local;
  let head = group.y;
  let sequence = dims.first_sequence + group.z;
  let keys = dims.rank * dims.d_state;
  if (i < keys) {
    let from_row = ((group.z * dims.n_heads + head) * dims.positions + dims.positions - 1u) * keys;
    let to_row = (sequence * dims.rank + i / dims.d_state) * dims.n_heads + head;
    last_k[to_row * dims.d_state + i % dims.d_state] = k[from_row + i];
  } else if (i - keys < dims.head_dim) {
    let p = i - keys;
    let row = dims.x_offset + group.z * dims.x_sequence + (dims.positions - 1u) * dims.x_row;
    last_v[(sequence * dims.n_heads + head) * dims.head_dim + p] = x[row + head * dims.head_dim + p];
  }
}
`
