/**
 * What is left of a state after some positions: 2 to the power of minus the octaves that it lost there, Σ Δ |A| log₂ e.
 *
 * Running sums of them are kept in fixed point, 32 bits on either side of the point. So they add up exactly in any order,
 * and the difference of two has no more error than the terms between them, however large the terms before were.
 */
export const decayWgsl = /* wgsl */ `
// x ≥ 0 octaves, at most so many that nothing is left and that the sum over a chunk does not overflow.
fn octaves(x: f32) -> vec2<u32> {
  let bounded = min(x, 65536.0);
  let whole = floor(bounded);
  return vec2<u32>(u32(whole), u32(round((bounded - whole) * 4294967296.0)));
}

fn sum_octaves(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  let low = a.y + b.y;
  return vec2<u32>(a.x + b.x + select(0u, 1u, low < a.y), low);
}

// What is left from one running sum to a later one.
fn decay(from_sum: vec2<u32>, to_sum: vec2<u32>) -> f32 {
  let whole = to_sum.x - from_sum.x - select(0u, 1u, to_sum.y < from_sum.y);
  return exp2(-(f32(whole) + f32(to_sum.y - from_sum.y) * 2.3283064365386963e-10));
}
`

/**
 * Running sums of the octaves of a chunk, by a workgroup of 64 invocations, one a position.
 *
 * Frames hold what block forms need to know of a position, (sequences, heads, 1 + positions): the running sum of octaves
 * in its chunk (x, y); the weight with which its input acts on later positions (z), and on itself (w), both float32. The
 * first entry stands for the position before the first.
 */
export const runningSumsWgsl = /* wgsl */ `
var<workgroup> sums: array<vec2<u32>, 64>;

fn running_sum(own: vec2<u32>, local: u32) -> vec2<u32> {
  var sum = own;
  for (var distance = 1u; distance < 64u; distance *= 2u) {
    sums[local] = sum;
    workgroupBarrier();
    if (local >= distance) { sum = sum_octaves(sum, sums[local - distance]); }
    workgroupBarrier();
  }
  return sum;
}
`

/**
 * The decay of a single step. Over thousands of steps of slow decay, the rounding of e^x to float32 would add up: near 1
 * the rest is kept apart, and has its own digits.
 */
export const stepDecayWgsl = /* wgsl */ `
// e^x, x ≤ 0, as a sum of 1 or 0 and the rest.
fn decay_parts(x: f32) -> vec2<f32> {
  if (x < -0.3) { return vec2<f32>(0.0, exp(x)); }
  let series = 1.0 / 6.0 + x * (1.0 / 24.0 + x * (1.0 / 120.0 + x * (1.0 / 720.0 + x * (1.0 / 5040.0))));
  return vec2<f32>(1.0, x + x * x * (0.5 + x * series));
}

fn decayed(h: Unit, parts: vec2<f32>) -> Unit {
  // A product of the sum is what no compiler may make of this.
  return fma(Unit(parts.y), h, select(Unit(), h, parts.x > 0.0));
}
`
