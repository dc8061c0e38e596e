/**
 * The parameters of the block form's kernels; see `blocks.ts`. Rows are positions, or with several ranks (position,
 * rank). `q`, `k`, `x`, `z` and `y` say where the first element is, how far it is from one
 * sequence to the next, from one group to the next, and from one row (of x, z: position) to the next.
 */
export const spanWgsl = /* wgsl */ `
struct Span {
  positions: u32, chunk: u32, chunks: u32, rank: u32,
  n_heads: u32, head_dim: u32, n_groups: u32, d_state: u32,
  q_offset: u32, q_sequence: u32, q_group: u32, q_row: u32,
  k_offset: u32, k_sequence: u32, k_group: u32, k_row: u32,
  x_offset: u32, x_sequence: u32, x_row: u32,
  z_offset: u32, z_sequence: u32, z_row: u32,
  y_offset: u32, y_sequence: u32, y_row: u32,
  state_offset: u32, last_offset: u32,
  d_head: u32, d_channel: u32,
  is_mimo: u32, is_gated: u32, has_pending: u32,
}

@group(0) @binding(PARAMS) var<uniform> span: Span;

struct Chunk { sequence: u32, head: u32, first: u32, rows: u32 }

// Where a chunk's frames begin.
fn frames_start(chunk: Chunk) -> u32 {
  return (chunk.sequence * span.n_heads + chunk.head) * (span.chunks * span.chunk + 1u) + 1u + chunk.first;
}

// The group of keys and queries of a head.
fn group_of(head: u32) -> u32 {
  return head / (span.n_heads / span.n_groups);
}

// Where the queries of a chunk begin.
fn queries_start(chunk: Chunk, group: u32) -> u32 {
  let row = span.rank * chunk.first;
  return span.q_offset + chunk.sequence * span.q_sequence + group * span.q_group + row * span.q_row;
}

fn keys_start(chunk: Chunk, group: u32) -> u32 {
  let row = span.rank * chunk.first;
  return span.k_offset + chunk.sequence * span.k_sequence + group * span.k_group + row * span.k_row;
}

// How many of four elements from i on are within a size, if their row is within the chunk.
fn within(i: u32, size: u32, row: u32, rows: u32) -> u32 {
  return select(0u, size - min(i, size), row < rows);
}
`

/** How inputs are read. */
export const inputsWgsl = /* wgsl */ `
@group(0) @binding(MIMO) var<storage, read> mimo: array<Unit>; // (n_heads, rank, head_dim), or something else if unused

// The position of each row in its chunk.
var<workgroup> position_of: array<u32, 64>;

// Inputs of a row of a chunk, from channel p of the head on; the same for all ranks, or weighted for each.
fn input4(chunk: Chunk, row: u32, p: u32) -> vec4<f32> {
  let count = within(p, span.head_dim, row, chunk.rows);
  let position = position_of[row];
  let start = span.x_offset + chunk.sequence * span.x_sequence + (chunk.first + position) * span.x_row;
  var value = x4(start + chunk.head * span.head_dim + p, count);
  if (span.is_mimo > 0u) {
    let rank = row - position * span.rank;
    value *= mimo4((chunk.head * span.rank + rank) * span.head_dim + p, count);
  }
  return value;
}
`
