/**
 * Weights of ids: whole numbers, so that their sums are exact in any order. The unit is 2⁻³¹ of the largest weight; what
 * is below half of it is 0 and never drawn.
 */
export const weightsWgsl = /* wgsl */ `
var<private> top: f32;   // the largest score

fn score_of(key: u32) -> f32 {
  return bitcast<f32>(select(~key, key ^ 0x80000000u, key >= 0x80000000u));
}

// e^((score − top) / temperature), at most 1.
fn weight_of(key: u32) -> f32 {
  let gap = top - score_of(key);
  if (key == MASKED || gap > dims.reach) { return 0.0; }
  return select(exp(-gap * dims.inverse_temperature), 1.0, gap == 0.0);
}

fn units(weight: f32) -> u32 {
  return u32(weight * 2147483648.0 + 0.5);
}

// Even steps of the score, a leaf for each: few ids have one in common. Up to dims.reach, beyond which weights are 0.
fn bin_of(key: u32) -> u32 {
  return min(u32((top - score_of(key)) * dims.bins), SIZE - 1u);
}

fn load_keys(first: u32, step: u32, end: u32) -> array<u32, LOADS> {
  var own: array<u32, LOADS>;
  for (var j = 0u; j < LOADS; j++) {
    let id = first + j * step;
    own[j] = select(MASKED, keys[slot * dims.vocab_size + min(id, dims.vocab_size - 1u)], id < end);
  }
  return own;
}
`
