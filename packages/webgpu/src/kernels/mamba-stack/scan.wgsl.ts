/** The phase that scans: the states of a layer, CHANNEL_LANES invocations a channel. */
export const scanWgsl = /* wgsl */ `
// Δ = softplus(W_Δ δ + bias), h ← exp(Δ A) h + Δ B u, y = (C h + D u) · silu(z).
const CHANNELS = (D_INNER + WORKGROUPS - 1u) / WORKGROUPS;  // of a workgroup
const GROUPS = D_STATE / 4u;
const RANKS = (DT_RANK + CHANNEL_LANES - 1u) / CHANNEL_LANES;

// What can be asked for before the selection is there.
struct Channel {
  h: vec4<f32>,
  power: vec4<f32>,
  low_rank: array<f32, RANKS>,
  bias: f32,
  skip: f32,
}

struct ChannelPlace {
  channel: u32,
  lane: u32,
  is_mine: bool,
  has_state: bool,
  state: u32,
}

fn channel_place(workgroup: u32, local: u32, first: u32, start: u32) -> ChannelPlace {
  let slot = start + local / CHANNEL_LANES;
  let channel = workgroup * CHANNELS + slot;
  let lane = local % CHANNEL_LANES;
  let is_mine = slot < CHANNELS && channel < D_INNER;
  return ChannelPlace(channel, lane, is_mine, is_mine && lane < GROUPS, table[first + 14u] + channel * D_STATE + 4u * lane);
}

fn channel_of(workgroup: u32, local: u32, first: u32, start: u32) -> Channel {
  let at = channel_place(workgroup, local, first, start);
  var loaded = Channel();
  if (at.has_state) {
    for (var n = 0u; n < 4u; n++) { loaded.h[n] = state[at.state + n]; }
    loaded.power = LOG2_E * vector_at(table[first + 9u] + at.channel * GROUPS + at.lane);
  }
  if (at.is_mine) {
    loaded.bias = word_at(table[first + 8u] + at.channel);
    loaded.skip = word_at(table[first + 10u] + at.channel);
    for (var i = 0u; i < RANKS; i++) {
      let rank = i * CHANNEL_LANES + at.lane;
      if (rank < DT_RANK) { loaded.low_rank[i] = word_at(table[first + 7u] + at.channel * DT_RANK + rank); }
    }
  }
  return loaded;
}

fn sum_of_channel(value: f32) -> f32 {
  var sum = value;
  for (var distance = CHANNEL_LANES / 2u; distance > 0u; distance /= 2u) { sum += subgroupShuffleXor(sum, distance); }
  return sum;
}

fn scan(workgroup: u32, local: u32, first: u32, first_channel: Channel) {
  for (var i = local; i < SELECTED; i += SIZE) { selected[i] = taken(SELECTION + i); }
  workgroupBarrier();
  for (var start = 0u; start < CHANNELS; start += SIZE / CHANNEL_LANES) {
    let at = channel_place(workgroup, local, first, start);
    var loaded = first_channel;
    if (start > 0u) { loaded = channel_of(workgroup, local, first, start); }
    var u = 0.0;
    var z = 0.0;
    var low = 0.0;
    if (at.is_mine) {
      u = taken(U + at.channel);
      z = taken(Z + at.channel);
      for (var i = 0u; i < RANKS; i++) {
        let rank = i * CHANNEL_LANES + at.lane;
        if (rank < DT_RANK) { low += loaded.low_rank[i] * selected[rank]; }
      }
    }
    let delta = softplus(sum_of_channel(low) + loaded.bias);
    var output = 0.0;
    if (at.has_state) {
      var B = vec4<f32>();
      var C = vec4<f32>();
      for (var n = 0u; n < 4u; n++) {
        B[n] = selected[DT_RANK + 4u * at.lane + n];
        C[n] = selected[DT_RANK + D_STATE + 4u * at.lane + n];
      }
      let next = decayed(loaded.h, delta * loaded.power) + (u * delta) * B;
      output = dot(C, next);
      for (var n = 0u; n < 4u; n++) { state[at.state + n] = next[n]; }
    }
    output = sum_of_channel(output);
    if (at.is_mine && at.lane == 0u) { put(Y + at.channel, (output + loaded.skip * u) * silu(z)); }
  }
}
`
