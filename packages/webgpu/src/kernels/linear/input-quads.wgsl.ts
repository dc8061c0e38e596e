/**
 * How kernels read four elements of x at a time: `x_quad(row, k)`, the bits of elements k to k + 3. k is a multiple of 4,
 * less than `d_in`; past the end of a row are zeros.
 * @param isWide whether rows begin at multiples of four elements and are multiples of them
 */
export function inputQuadsWgsl(isWide: boolean): string {
  return isWide ? `alias Input = vec4<u32>;\n${wide}` : `alias Input = u32;\n${narrow}`
}

const wide = /* wgsl */ `
fn x_quad(row: u32, k: u32) -> vec4<u32> {
  return x[(dims.x_offset + row * dims.x_stride + k) / 4u];
}
`

const narrow = /* wgsl */ `
fn x_quad(row: u32, k: u32) -> vec4<u32> {
  let start = dims.x_offset + row * dims.x_stride;
  var quad = vec4<u32>();
  for (var i = 0u; i < 4u; i++) {
    if (k + i < dims.d_in) { quad[i] = x[start + k + i]; }
  }
  return quad;
}
`
