/**
 * Two kinds of products in one dispatch, as both need the op's inputs alone: what each chunk adds to the state, and the
 * scores that the outputs within a chunk are made of.
 */
export const statesWgsl = /* wgsl */ `
// Workgroups of x count through the tiles of the states of all heads, then the groups of keys:
//   states[p, n] = Σ_s coefficient_s input[s, p] k[s, n],   coefficient_s: what is left of s at the end of the chunk
//   scores[s, t] = k_s · q_t
@group(0) @binding(0) var<storage, read> frames: array<vec4<u32>>;       // (sequences, n_heads, 1 + positions)
@group(0) @binding(1) var<storage, read> q: array<Unit>;                 // (sequences, groups, rows, d_state)
@group(0) @binding(2) var<storage, read> k: array<Unit>;                 // as q
@group(0) @binding(3) var<storage, read> x: array<Unit>;                 // (sequences, positions, n_heads, head_dim)
@group(0) @binding(4) var<storage, read_write> states: array<Unit>;      // (sequences, chunks, heads, head_dim, d_state)
@group(0) @binding(5) var<storage, read_write> scores: array<vec4<f32>>; // (sequences, chunks, groups, 64, 64)

var<workgroup> coefficients: array<f32, 64>; // of a chunk's rows

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let row_tiles = (span.head_dim + 63u) / 64u;
  let tiles_of_head = row_tiles * ((span.d_state + 63u) / 64u);
  let first = group.y * span.chunk;
  let rows = span.rank * min(span.chunk, span.positions - first);
  let is_state = group.x < span.n_heads * tiles_of_head;
  let tile = group.x % tiles_of_head;
  let p = 64u * (tile % row_tiles);
  let n = 64u * (tile / row_tiles);
  // For scores, the head of the chunk is a group of keys.
  let head = select(group.x - span.n_heads * tiles_of_head, group.x / tiles_of_head, is_state);
  let chunk = Chunk(group.z, head, first, rows);
  let key_group = select(head, group_of(head), is_state);
  let keys = keys_start(chunk, key_group);
  let queries = queries_start(chunk, key_group);
  if (local < 64u) {
    position_of[local] = local / span.rank;
    if (is_state) { coefficients[local] = coefficient(chunk, local / span.rank); }
  }
  workgroupBarrier();

  var results: Results;
  let terms = select(span.d_state, rows, is_state);
  for (var term = 0u; term < terms; term += 16u) {
    var a = vec4<f32>();
    var b = vec4<f32>();
    var c = vec4<f32>();
    var d = vec4<f32>();
    if (is_state) {
      let row = term + bringer(local) / 16u;
      let column = 4u * (bringer(local) % 16u);
      a = state_term4(chunk, keys, row, p + column, n + column, local);
      b = state_term4(chunk, keys, row + 4u, p + column, n + column, local);
      c = state_term4(chunk, keys, row + 8u, p + column, n + column, local);
      d = state_term4(chunk, keys, row + 12u, p + column, n + column, local);
    } else {
      let row = 4u * (bringer(local) / 4u);
      let column = term + 4u * (bringer(local) % 4u);
      a = score_term4(keys, queries, row, rows, column, local);
      b = score_term4(keys, queries, row + 1u, rows, column, local);
      c = score_term4(keys, queries, row + 2u, rows, column, local);
      d = score_term4(keys, queries, row + 3u, rows, column, local);
    }
    workgroupBarrier();
    if (is_state) { place_terms(local, a, b, c, d); } else { place_rows(local, a, b, c, d); }
    workgroupBarrier();
    multiply(&results, local);
  }

  let row = 8u * (local / 16u);
  let column = 4u * (local % 16u);
  for (var r = 0u; r < 8u; r++) {
    let value = result(&results, r);
    if (is_state) {
      let start = (chunk.sequence * span.chunks + group.y) * span.n_heads + head;
      let i = (start * span.head_dim + p + row + r) * span.d_state + n + column;
      put_states4(i, within(n + column, span.d_state, p + row + r, span.head_dim), value);
    } else {
      let start = (chunk.sequence * span.chunks + group.y) * span.n_groups + head;
      scores[(start * 64u + row + r) * 16u + column / 4u] = value;
    }
  }
}

fn coefficient(chunk: Chunk, position: u32) -> f32 {
  let start = frames_start(chunk);
  let frame = frames[start + min(position, span.chunk - 1u)];
  return decay(frame.xy, frames[start + span.chunk - 1u].xy) * bitcast<f32>(frame.z);
}

// Of a row of the chunk: inputs times coefficient on the left, keys on the right.
fn state_term4(chunk: Chunk, keys: u32, row: u32, p: u32, n: u32, local: u32) -> vec4<f32> {
  if (is_left(local)) { return input4(chunk, row, p) * coefficients[row]; }
  return k4(keys + row * span.k_row + n, within(n, span.d_state, row, chunk.rows));
}

// Of a row of the chunk: keys on the left, queries on the right.
fn score_term4(keys: u32, queries: u32, row: u32, rows: u32, n: u32, local: u32) -> vec4<f32> {
  let count = within(n, span.d_state, row, rows);
  if (is_left(local)) { return k4(keys + row * span.k_row + n, count); }
  return q4(queries + row * span.q_row + n, count);
}
`
