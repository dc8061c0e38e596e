/** `decayed(h, power)` = 2^power h, as the chunked form has it, which meets each rounding error over one chunk only. */
export const decayWgsl = /* wgsl */ `
fn decayed(h: vec4<f32>, power: vec4<f32>) -> vec4<f32> { return exp2(power) * h; }
`

/**
 * The same where a rounding error comes back at thousands of positions in turn: where the decay is slow, only what the
 * state loses is computed, as h + h (2^power − 1), so that its digits are kept. The polynomial is (2^p − 1) / p for
 * −¼ ≤ p ≤ 0, with a relative error of 7e-8.
 */
export const carefulDecayWgsl = /* wgsl */ `
fn decayed(h: vec4<f32>, power: vec4<f32>) -> vec4<f32> {
  let slope = 0.6931472 + power * (0.24022284 + power * (0.055415172 + power * 0.008999923));
  return select(exp2(power) * h, h + h * power * slope, abs(power) < vec4(0.25));
}
`
