/** What comes out of a chunk: of the state before it, of its own inputs, and past it. */
export const outputsWgsl = /* wgsl */ `
// y_t = decay_t h q_t + Σ_{s ≤ t} weight_{s, t} (k_s · q_t) input_s + D input_t
@group(0) @binding(0) var<storage, read> frames: array<vec4<u32>>;  // (sequences, n_heads, 1 + positions)
@group(0) @binding(1) var<storage, read> q: array<Unit>;            // (sequences, groups, rows, d_state)
@group(0) @binding(2) var<storage, read> x: array<Unit>;            // (sequences, positions, n_heads, head_dim)
@group(0) @binding(3) var<storage, read> states: array<Unit>;       // (sequences, chunks, heads, head_dim, d_state)
@group(0) @binding(4) var<storage, read> scores: array<vec4<f32>>;  // (sequences, chunks, groups, 64, 64), [s, t]
@group(0) @binding(5) var<storage, read> D: array<f32>;             // (n_heads) or (n_heads, head_dim)
@group(0) @binding(6) var<storage, read_write> y: array<Unit>;      // (sequences, rows, n_heads, head_dim)

var<workgroup> frame: array<vec4<u32>, 64>; // of the chunk's rows
var<workgroup> left: array<f32, 64>;        // what is left there of the state before the chunk

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let head = group.x % span.n_heads;
  let p = 64u * (group.x / span.n_heads);
  let first = group.y * span.chunk;
  let rows = span.rank * min(span.chunk, span.positions - first);
  let chunk = Chunk(group.z, head, first, rows);
  let queries = queries_start(chunk, group_of(head));
  let number = chunk.sequence * span.chunks + group.y;
  let state = ((number * span.n_heads + head) * span.head_dim + p) * span.d_state;
  let chunk_scores = (number * span.n_groups + group_of(head)) * 1024u;
  if (local < 64u) {
    let position = local / span.rank;
    let own = frames[frames_start(chunk) + min(position, span.chunk - 1u)];
    position_of[local] = position;
    frame[local] = own;
    left[local] = decay(vec2<u32>(), own.xy);
  }
  workgroupBarrier();

  var results: Results;
  let row = 8u * (local / 16u);
  let column = 4u * (local % 16u);
  // First the terms of the state before the chunk, q_t · h_p, then those of the chunk's rows.
  let state_terms = (span.d_state + 15u) / 16u * 16u;
  for (var term = 0u; term < state_terms + rows; term += 16u) {
    let is_state = term < state_terms;
    var a = vec4<f32>();
    var b = vec4<f32>();
    var c = vec4<f32>();
    var d = vec4<f32>();
    if (is_state) {
      let i = 4u * (bringer(local) / 4u);
      let n = term + 4u * (bringer(local) % 4u);
      a = state_term4(queries, state, i, n, rows, span.head_dim - p, local);
      b = state_term4(queries, state, i + 1u, n, rows, span.head_dim - p, local);
      c = state_term4(queries, state, i + 2u, n, rows, span.head_dim - p, local);
      d = state_term4(queries, state, i + 3u, n, rows, span.head_dim - p, local);
    } else {
      let s = term - state_terms + bringer(local) / 16u;
      let i = 4u * (bringer(local) % 16u);
      a = input_term4(chunk, chunk_scores, s, i, p + i, local);
      b = input_term4(chunk, chunk_scores, s + 4u, i, p + i, local);
      c = input_term4(chunk, chunk_scores, s + 8u, i, p + i, local);
      d = input_term4(chunk, chunk_scores, s + 12u, i, p + i, local);
    }
    workgroupBarrier();
    if (is_state) { place_rows(local, a, b, c, d); } else { place_terms(local, a, b, c, d); }
    workgroupBarrier();
    if (term == state_terms) {
      results[0] *= left[row];
      results[1] *= left[row + 1u];
      results[2] *= left[row + 2u];
      results[3] *= left[row + 3u];
      results[4] *= left[row + 4u];
      results[5] *= left[row + 5u];
      results[6] *= left[row + 6u];
      results[7] *= left[row + 7u];
    }
    // Later positions of the chunk have no weight for an invocation's own.
    if (is_state || position_of[term - state_terms] <= position_of[row + 7u]) { multiply(&results, local); }
  }
  for (var r = 0u; r < 8u; r++) { finish(chunk, row + r, p + column, result(&results, r)); }
}

// Rows of q on the left, rows of h, which are channels, on the right.
fn state_term4(queries: u32, state: u32, i: u32, n: u32, rows: u32, channels: u32, local: u32) -> vec4<f32> {
  if (is_left(local)) { return q4(queries + i * span.q_row + n, within(n, span.d_state, i, rows)); }
  return states4(state + i * span.d_state + n, within(n, span.d_state, i, channels));
}

// Weighted scores of row s and rows t to t + 3 on the left, inputs of row s on the right.
fn input_term4(chunk: Chunk, chunk_scores: u32, s: u32, t: u32, p: u32, local: u32) -> vec4<f32> {
  if (!is_left(local)) { return input4(chunk, s, p); }
  return scores[chunk_scores + s * 16u + t / 4u] *
    vec4<f32>(weight(s, t), weight(s, t + 1u), weight(s, t + 2u), weight(s, t + 3u));
}

fn weight(s: u32, t: u32) -> f32 {
  let own = frame[s];
  if (position_of[t] < position_of[s]) { return 0.0; }
  if (position_of[t] == position_of[s]) { return bitcast<f32>(own.w); }
  return decay(own.xy, frame[t].xy) * bitcast<f32>(own.z);
}

fn finish(chunk: Chunk, row: u32, p: u32, value: vec4<f32>) {
  let count = within(p, span.head_dim, row, chunk.rows);
  let channel = chunk.head * span.head_dim + p;
  var sum = fma(skip4(chunk.head, p), input4(chunk, row, p), value);
  let i = span.y_offset + chunk.sequence * span.y_sequence + (span.rank * chunk.first + row) * span.y_row + channel;
  if (span.is_gated > 0u) { sum *= gate4(chunk, row, p, count); }
  put_y4(i, count, sum);
}

// silu(z), for one rank; there are no weights of ranks then, and z is in their place.
fn gate4(chunk: Chunk, row: u32, p: u32, count: u32) -> vec4<f32> {
  let start = span.z_offset + chunk.sequence * span.z_sequence + (chunk.first + row) * span.z_row;
  let z = mimo4(start + chunk.head * span.head_dim + p, count);
  return vec4<f32>(silu(z.x), silu(z.y), silu(z.z), silu(z.w));
}

fn skip4(head: u32, p: u32) -> vec4<f32> {
  let i = head * span.d_head + min(p, span.head_dim - 1u) * span.d_channel;
  let last = i + (span.head_dim - 1u - min(p, span.head_dim - 1u)) * span.d_channel;
  let step = span.d_channel;
  return vec4<f32>(D[i], D[min(i + step, last)], D[min(i + 2u * step, last)], D[min(i + 3u * step, last)]);
}
`
