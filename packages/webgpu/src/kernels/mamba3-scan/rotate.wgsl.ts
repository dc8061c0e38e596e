import { turnsWgsl } from './turns.wgsl.ts'

/** Queries and keys: C and B of every head, with bias, rotated; and the angles after the span. */
export function rotateWgsl(): string {
  return body + turnsWgsl
}

const body = /* wgsl */ `
// One workgroup for each segment of 64 positions of a head: 32 pairs of elements at a time, and 8 positions. Pairs are
// (2 i, 2 i + 1) or, halved, (i, i + d_state / 2); only the first n_angles of them turn.
struct Dims {
  positions: u32, rank: u32, n_heads: u32, heads_of_group: u32, d_state: u32, n_angles: u32, is_halved: u32,
  b_offset: u32, b_sequence: u32, b_row: u32,
  c_offset: u32, c_sequence: u32, c_row: u32,
  state_offset: u32,
}

@group(0) @binding(0) var<storage, read> turned: array<u32>;       // (sequences, n_heads, positions, n_angles)
@group(0) @binding(1) var<storage, read> B: array<f32>;            // (sequences, positions, rank, groups, d_state)
@group(0) @binding(2) var<storage, read> C: array<f32>;            // as B
@group(0) @binding(3) var<storage, read> B_bias: array<f32>;       // (n_heads, rank, d_state)
@group(0) @binding(4) var<storage, read> C_bias: array<f32>;       // as B_bias
@group(0) @binding(5) var<storage, read_write> q: array<f32>;      // (sequences, n_heads, positions, rank, d_state)
@group(0) @binding(6) var<storage, read_write> k: array<f32>;      // as q
@group(0) @binding(7) var<storage, read_write> state: array<f32>;  // (sequences, n_heads, n_angles), radians
@group(0) @binding(8) var<uniform> dims: Dims;

var<workgroup> totals: array<u32, 256>; // (8, 32 angles)

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let head_start = group.z * dims.n_heads + group.x;
  let angles = head_start * dims.positions;
  let first = group.y * 64u;
  let pairs = (dims.d_state + 1u) / 2u;
  for (var tile = 0u; tile < pairs; tile += 32u) {
    let pair = tile + local % 32u;
    let is_turned = pair < dims.n_angles;
    // The segments before this one.
    var sum = 0u;
    if (is_turned) {
      for (var s = local / 32u; s < group.y; s += 8u) {
        sum += turned[(angles + 64u * s + 63u) * dims.n_angles + pair];
      }
    }
    totals[local] = sum;
    workgroupBarrier();
    var before = 0u;
    for (var i = local % 32u; i < 256u; i += 32u) { before += totals[i]; }
    for (var i = local / 32u; i < 64u; i += 8u) {
      let position = first + i;
      if (position < dims.positions && pair < pairs) {
        var angle = 0u;
        if (is_turned) { angle = before + turned[(angles + position) * dims.n_angles + pair]; }
        rotate(group.z, position, group.x, pair, cos_sin(angle));
        if (is_turned && position + 1u == dims.positions) {
          state[dims.state_offset + head_start * dims.n_angles + pair] = radians_of_turns(angle);
        }
      }
    }
    workgroupBarrier();
  }
}

fn rotate(sequence: u32, position: u32, head: u32, pair: u32, turn: vec2<f32>) {
  var first = 2u * pair;
  var second = first + 1u;
  if (dims.is_halved > 0u) {
    first = pair;
    second = pair + dims.d_state / 2u;
  }
  // The last of an odd number of elements is alone, and does not turn.
  let is_pair = second < dims.d_state;
  let groups = dims.n_heads / dims.heads_of_group;
  for (var r = 0u; r < dims.rank; r++) {
    let column = (r * groups + head / dims.heads_of_group) * dims.d_state;
    let b = dims.b_offset + sequence * dims.b_sequence + position * dims.b_row + column;
    let c = dims.c_offset + sequence * dims.c_sequence + position * dims.c_row + column;
    let bias = (head * dims.rank + r) * dims.d_state;
    let row = (((sequence * dims.n_heads + head) * dims.positions + position) * dims.rank + r) * dims.d_state;
    var key = vec2<f32>(B[b + first] + B_bias[bias + first], 0.0);
    var query = vec2<f32>(C[c + first] + C_bias[bias + first], 0.0);
    if (is_pair) {
      key.y = B[b + second] + B_bias[bias + second];
      query.y = C[c + second] + C_bias[bias + second];
    }
    k[row + first] = key.x * turn.x - key.y * turn.y;
    q[row + first] = query.x * turn.x - query.y * turn.y;
    if (is_pair) {
      k[row + second] = key.x * turn.y + key.y * turn.x;
      q[row + second] = query.x * turn.y + query.y * turn.x;
    }
  }
}
`
