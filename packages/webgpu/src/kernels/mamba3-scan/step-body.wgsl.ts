/** The recurrence of Mamba-3, position after position. */
export const stepBodyWgsl = /* wgsl */ `
// h_t = α h_{t−1} + Σ_r (β v_{t−1} k_{t−1} + γ v_t k_t),  y_t = Σ_r out(h_t q_t + D v_t): one workgroup for each head.
@group(0) @binding(BUFFERS) var<storage, read_write> angle: array<f32>;       // (batch, n_heads, n_angles), radians
@group(0) @binding(BUFFERS + 1u) var<storage, read_write> ssm: array<Unit>;   // (batch, n_heads, head_dim, d_state)
@group(0) @binding(BUFFERS + 2u) var<storage, read_write> last_k: array<f32>; // (batch, rank, n_heads, d_state)
@group(0) @binding(BUFFERS + 3u) var<storage, read_write> last_v: array<f32>; // (batch, n_heads, head_dim)
@group(0) @binding(BUFFERS + 4u) var<storage, read_write> y: array<f32>;      // (batch, length, n_heads, head_dim)
@group(0) @binding(BUFFERS + 5u) var<uniform> dims: Dims;

// The turned angles; keys of even and of odd positions, and queries, (rank, d_state) each; outputs, (rank, head_dim).
var<workgroup> memory: array<u32, MEMORY>;

fn memory_at(i: u32) -> f32 { return bitcast<f32>(memory[i]); }
fn keys_of(position: u32) -> u32 { return dims.n_angles + position % 2u * dims.rank * dims.d_state; }
fn queries() -> u32 { return dims.n_angles + 2u * dims.rank * dims.d_state; }
fn outputs() -> u32 { return queries() + dims.rank * dims.d_state; }

// The coefficients of a step.
struct Step { decay: vec2<f32>, own: f32, earlier: f32 }

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let head = group.x;
  let own = group.y * dims.n_heads + head;
  for (var i = local; i < dims.n_angles; i += SIZE) { memory[i] = turns_of_radians(angle[own * dims.n_angles + i]); }
  // As if from a position before the first, of odd number.
  for (var i = local; i < dims.rank * dims.d_state; i += SIZE) {
    let key = (group.y * dims.rank + i / dims.d_state) * dims.n_heads + head;
    let to = keys_of(1u) + i / dims.d_state * dims.d_state + slot(i % dims.d_state);
    memory[to] = bitcast<u32>(last_k[key * dims.d_state + i % dims.d_state]);
  }
  for (var t = 0u; t < dims.length; t++) {
    let row = group.y * dims.length + t;
    let delta = softplus(dt_at(row, head) + dt_bias_at(0u, head));
    let decay = decay_parts(-delta * decay_rate(dd_a_at(row, head), dims.smallest_rate));
    let trap = trap_at(row, head);
    let step = Step(decay, own_weight(trap, delta), (decay.x + decay.y) * earlier_weight(trap, delta));
    for (var i = local; i < dims.n_angles; i += SIZE) { memory[i] += turn_of(angles_at(row, i), delta); }
    workgroupBarrier();
    rotate(row, head, t, local);
    workgroupBarrier();
    let tile = 4u * SIZE / LANES;
    for (var first = 0u; first < dims.head_dim; first += tile) {
      update(step, own, row, head, t, first + local / LANES, local);
    }
    workgroupBarrier();
    finish(row, head, local);
  }
  for (var i = local; i < dims.n_angles; i += SIZE) { angle[own * dims.n_angles + i] = radians_of_turns(memory[i]); }
  for (var i = local; i < dims.rank * dims.d_state; i += SIZE) {
    let key = (group.y * dims.rank + i / dims.d_state) * dims.n_heads + head;
    let from_row = keys_of(dims.length - 1u) + i / dims.d_state * dims.d_state;
    last_k[key * dims.d_state + i % dims.d_state] = memory_at(from_row + slot(i % dims.d_state));
  }
  let last = (group.y + 1u) * dims.length - 1u;
  for (var p = local; p < dims.head_dim; p += SIZE) {
    last_v[own * dims.head_dim + p] = x_at(last, head * dims.head_dim + p);
  }
}

// Keys and queries of a position: B and C with bias, the first pairs of elements rotated by the angles.
fn rotate(row: u32, head: u32, t: u32, local: u32) {
  let pairs = (dims.d_state + 1u) / 2u;
  let groups = dims.n_heads / dims.heads_of_group;
  for (var i = local; i < dims.rank * pairs; i += SIZE) {
    let r = i / pairs;
    let pair = i % pairs;
    let first = select(2u * pair, pair, dims.is_mimo > 0u);
    let second = select(2u * pair + 1u, pair + dims.d_state / 2u, dims.is_mimo > 0u);
    let column = (r * groups + head / dims.heads_of_group) * dims.d_state;
    let bias = head * dims.rank + r;
    var key = vec2<f32>(B_at(row, column + first) + B_bias_at(bias, first), 0.0);
    var query = vec2<f32>(C_at(row, column + first) + C_bias_at(bias, first), 0.0);
    // The last of an odd number of elements is alone.
    if (second < dims.d_state) {
      key.y = B_at(row, column + second) + B_bias_at(bias, second);
      query.y = C_at(row, column + second) + C_bias_at(bias, second);
    }
    var turn = vec2<f32>(1.0, 0.0);
    if (pair < dims.n_angles) { turn = cos_sin(memory[pair]); }
    let keys_row = keys_of(t) + r * dims.d_state;
    let queries_row = queries() + r * dims.d_state;
    memory[keys_row + slot(first)] = bitcast<u32>(key.x * turn.x - key.y * turn.y);
    memory[queries_row + slot(first)] = bitcast<u32>(query.x * turn.x - query.y * turn.y);
    if (second < dims.d_state) {
      memory[keys_row + slot(second)] = bitcast<u32>(key.x * turn.y + key.y * turn.x);
      memory[queries_row + slot(second)] = bitcast<u32>(query.x * turn.y + query.y * turn.x);
    }
  }
}
`
