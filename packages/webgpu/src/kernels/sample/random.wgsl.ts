/** Core's \`uniform\`: Philox4x32-10, the same bits. */
export const randomWgsl = /* wgsl */ `
// All 64 bits of a · b, (low, high), by halves.
fn multiply(a: u32, b: u32) -> vec2<u32> {
  let a_low = a & 0xffffu;
  let a_high = a >> 16u;
  let b_low = b & 0xffffu;
  let b_high = b >> 16u;
  let middle = a_high * b_low + ((a_low * b_low) >> 16u);
  let carry = a_low * b_high + (middle & 0xffffu);
  return vec2(a * b, a_high * b_high + (middle >> 16u) + (carry >> 16u));
}

// The random number of a row, times 2^32; a multiple of 256.
var<private> random: u32;

fn random_word(position: vec2<u32>) -> u32 {
  var c = vec4(position, row, 0u);
  var k = vec2(dims.seed_low, dims.seed_high);
  for (var i = 0u; i < 10u; i++) {
    let first = multiply(0xd2511f53u, c.x);
    let second = multiply(0xcd9e8d57u, c.z);
    c = vec4(second.y ^ c.y ^ k.x, second.x, first.y ^ c.w ^ k.y, first.x);
    k += vec2(0x9e3779b9u, 0xbb67ae85u);
  }
  return c.x & 0xffffff00u;
}
`
