/** What a step does with the state and its outputs; see `step-body.wgsl.ts`. */
export const stepUpdateWgsl = /* wgsl */ `
// LANES invocations share a row of the state, which is a channel.
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
        if (n < units) { h[j][i] = decayed(ssm[(own * dims.head_dim + channel) * units + n], step.decay); }
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
