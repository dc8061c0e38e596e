/** The recurrence of Mamba-3, position after position. */
export const stepBodyWgsl = /* wgsl */ `
// h_t = α h_{t−1} + Σ_r (β v_{t−1} k_{t−1} + γ v_t k_t),  y_t = Σ_r out(h_t q_t + D v_t): one workgroup for each head. LANES
// invocations share a row of the state, which is a channel, and take four rows at once.
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
struct Step { decay: f32, own: f32, earlier: f32 }

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
    let decay = exp(-delta * decay_rate(dd_a_at(row, head), dims.smallest_rate));
    let trap = trap_at(row, head);
    let step = Step(decay, own_weight(trap, delta), decay * earlier_weight(trap, delta));
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

// Channels p and three more, each the next of its own share of the workgroup.
fn update(step: Step, own: u32, row: u32, head: u32, t: u32, p: u32, local: u32) {
  let lane = local % LANES;
  let units = dims.d_state / UNIT;
  var h: array<array<Unit, ITEMS>, 4>;
  var newer: array<f32, 4>;
  var older: array<f32, 4>;
  for (var j = 0u; j < 4u; j++) {
    let channel = p + j * (SIZE / LANES);
    if (channel < dims.head_dim) {
      newer[j] = x_at(row, head * dims.head_dim + channel);
      if (t == 0u) { older[j] = last_v[own * dims.head_dim + channel]; }
      else { older[j] = x_at(row - 1u, head * dims.head_dim + channel); }
      for (var i = 0u; i < ITEMS; i++) {
        let n = i * LANES + lane;
        if (n < units) { h[j][i] = step.decay * ssm[(own * dims.head_dim + channel) * units + n]; }
      }
    }
  }
  for (var r = 0u; r < dims.rank; r++) {
    for (var i = 0u; i < ITEMS; i++) {
      let n = i * LANES + lane;
      if (n < units) {
        let k = unit_at(keys_of(t) + r * dims.d_state, n);
        let k_before = unit_at(keys_of(t + 1u) + r * dims.d_state, n);
        for (var j = 0u; j < 4u; j++) {
          let weight = rank_weight(head, r, p + j * (SIZE / LANES));
          h[j][i] = fma(Unit(step.earlier * older[j] * weight), k_before, h[j][i]);
          h[j][i] = fma(Unit(step.own * newer[j] * weight), k, h[j][i]);
        }
      }
    }
  }
  for (var j = 0u; j < 4u; j++) {
    let channel = p + j * (SIZE / LANES);
    for (var i = 0u; i < ITEMS; i++) {
      let n = i * LANES + lane;
      if (channel < dims.head_dim && n < units) { ssm[(own * dims.head_dim + channel) * units + n] = h[j][i]; }
    }
  }
  for (var r = 0u; r < dims.rank; r++) {
    var sums = vec4<f32>();
    for (var i = 0u; i < ITEMS; i++) {
      let n = i * LANES + lane;
      if (n < units) {
        let q = unit_at(queries() + r * dims.d_state, n);
        sums += vec4<f32>(total(q * h[0][i]), total(q * h[1][i]), total(q * h[2][i]), total(q * h[3][i]));
      }
    }
    sums = lane_sum(sums, local);
    for (var j = 0u; j < 4u; j++) {
      let channel = p + j * (SIZE / LANES);
      if (lane == 0u && channel < dims.head_dim) {
        let skip = D_at(0u, head) * rank_weight(head, r, channel);
        memory[outputs() + r * dims.head_dim + channel] = bitcast<u32>(fma(skip, newer[j], sums[j]));
      }
    }
  }
}

// With which a channel's input goes to a rank.
fn rank_weight(head: u32, r: u32, channel: u32) -> f32 {
  if (dims.is_mimo == 0u) { return 1.0; }
  return mimo_x_at(head * dims.rank + r, min(channel, dims.head_dim - 1u));
}

// Norm, gate, and the sum over the ranks.
fn finish(row: u32, head: u32, local: u32) {
  for (var p = local; p < dims.head_dim; p += SIZE) {
    let channel = head * dims.head_dim + p;
    let z = z_at(row, channel);
    var sum = 0.0;
    for (var r = 0u; r < dims.rank; r++) {
      let start = outputs() + r * dims.head_dim;
      var value = memory_at(start + p);
      if (dims.has_norm > 0u) {
        var squares = 0.0;
        for (var i = 0u; i < dims.head_dim; i++) { squares += memory_at(start + i) * memory_at(start + i); }
        value *= inverseSqrt(squares / f32(dims.head_dim) + dims.eps) * norm_at(0u, channel);
      }
      if (dims.is_mimo > 0u) {
        let weights = head * dims.rank + r;
        sum += value * silu(z * mimo_z_at(weights, p)) * mimo_o_at(weights, p);
      } else {
        sum += value * silu(z);
      }
    }
    y[row * dims.n_heads * dims.head_dim + channel] = sum;
  }
}
`
