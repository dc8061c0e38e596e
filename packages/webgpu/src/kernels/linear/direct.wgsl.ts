/**
 * The loop of the kernel for few rows on devices with subgroups: no workgroup memory, no barriers. Every slice reads all
 * of x for itself, from the caches, and so has all that a norm needs. On large cards this reads weights at the full rate
 * of the memory, where waiting for others at barriers costs more than half of it.
 */
export const directWgsl = /* wgsl */ `
@compute @workgroup_size(INVOCATIONS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let lane = local % LANES;
  // Neighbouring workgroups read the same weights, for the blocks of x.
  let blocks = (dims.rows + ROWS - 1u) / ROWS;
  let index = group.y * groups.x + group.x;
  let first_row = index % blocks * ROWS;
  let output = (index / blocks * SLICES + local / LANES) * OUTPUTS;
  var totals = array<f32, SUMS>();  // (row, output)
  for (var start = 0u; start < dims.d_in; start += dims.group_size) {
    let end = min(start + dims.group_size, dims.d_in);
    var sums = array<f32, SUMS>();
    var square = array<f32, ROWS>();
    for (var k = start + lane * CHUNK; k < end; k += LANES * CHUNK * UNROLL) {
      var bits = array<vec4<u32>, UNROLL * OUTPUTS>();
      var scales = array<f32, UNROLL * OUTPUTS>();
      for (var u = 0u; u < UNROLL; u++) {
        for (var r = 0u; r < OUTPUTS; r++) {
          if (k + u * LANES * CHUNK < end && output + r < dims.d_out) {
            bits[u * OUTPUTS + r] = load_chunk(output + r, k + u * LANES * CHUNK);
            scales[u * OUTPUTS + r] = load_scale(output + r, k + u * LANES * CHUNK);
          }
        }
      }
      for (var u = 0u; u < UNROLL; u++) {
        var products = array<f32, SUMS>();
        for (var quad = 0u; quad < QUADS; quad++) {
          for (var row = 0u; row < ROWS; row++) {
            let prepared = prepare(min(first_row + row, dims.rows - 1u), k + u * LANES * CHUNK + 4u * quad, end);
            square[row] += prepared.square;
            for (var r = 0u; r < OUTPUTS; r++) {
              products[row * OUTPUTS + r] += dot(expand(bits[u * OUTPUTS + r], quad), prepared.value);
            }
          }
        }
        for (var i = 0u; i < SUMS; i++) { sums[i] += scales[u * OUTPUTS + i % OUTPUTS] * products[i]; }
      }
    }
    for (var row = 0u; row < ROWS; row++) {
      var factor = 1.0;
      if (IS_NORMED) { factor = inverseSqrt(sum_of_lanes(square[row], local) / f32(dims.group_size) + dims.eps); }
      for (var r = 0u; r < OUTPUTS; r++) { totals[row * OUTPUTS + r] += factor * sums[row * OUTPUTS + r]; }
    }
  }
  for (var i = 0u; i < SUMS; i++) { store(first_row + i / OUTPUTS, output + i % OUTPUTS, i % LANES, totals[i], local); }
}
`
