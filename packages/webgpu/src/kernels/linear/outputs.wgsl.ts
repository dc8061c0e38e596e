/**
 * How kernels write four neighbouring elements of y: `write_quad(start, column, sums)`, with the bias added if `HAS_BIAS`.
 * `start` is where the row starts, and `column` counts from the first output of this part of the weights.
 * @param isWide whether rows of y, and of y what this part of the weights gives, begin at multiples of 4 elements
 */
export function outputsWgsl(isWide: boolean): string {
  return `alias Output = ${isWide ? 'vec4<f32>' : 'f32'};\n${isWide ? wide : narrow}`
}

const wide = /* wgsl */ `
fn write_quad(start: u32, column: u32, sums: vec4<f32>) {
  if (column >= dims.d_out) { return; }
  let to = dims.y_column + column;
  var values = sums;
  if (HAS_BIAS) { values += vec4<f32>(bias[to], bias[to + 1u], bias[to + 2u], bias[to + 3u]); }
  y[(start + to) / 4u] = values;
}
`

const narrow = /* wgsl */ `
fn write_quad(start: u32, column: u32, sums: vec4<f32>) {
  for (var i = 0u; i < 4u; i++) {
    if (column + i < dims.d_out) {
      let to = dims.y_column + column + i;
      var value = sums[i];
      if (HAS_BIAS) { value += bias[to]; }
      y[start + to] = value;
    }
  }
}
`
