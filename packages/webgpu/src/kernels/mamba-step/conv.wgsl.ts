/** How a kernel reads the taps of a channel's convolution: `tap(channel, k)`. */
export function tapsWgsl(binding: number, taps: number): string {
  if (taps === 4) {
    return `
@group(0) @binding(${binding}) var<storage, read> conv_weight: array<vec4<f32>>;  // (channels, TAPS)
fn taps_of(channel: u32) -> array<f32, TAPS> {
  let four = conv_weight[channel];
  return array<f32, TAPS>(four.x, four.y, four.z, four.w);
}
`
  }
  return `
@group(0) @binding(${binding}) var<storage, read> conv_weight: array<f32>;  // (channels, TAPS)
fn taps_of(channel: u32) -> array<f32, TAPS> {
  var taps: array<f32, TAPS>;
  for (var k = 0u; k < TAPS; k++) { taps[k] = conv_weight[channel * TAPS + k]; }
  return taps;
}
`
}
