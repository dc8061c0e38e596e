/**
 * The loop of the kernel for few rows on devices without subgroups: x comes from workgroup memory, TILE elements of each
 * row at a time, which all slices read.
 */
export const tiledWgsl = /* wgsl */ `
const TILE_CHUNKS = TILE / CHUNK;

var<workgroup> x_tile: array<vec4<f32>, ROWS * QUADS * TILE_CHUNKS>;  // (row, quad within a chunk, chunk)
var<workgroup> squares: array<f32, ROWS * SLICES>;

struct Chunks {
  bits: array<vec4<u32>, UNROLL * OUTPUTS>,
  scales: array<f32, UNROLL * OUTPUTS>,
}

// UNROLL chunks of each output, from chunk 'first' after element 'start' on.
fn load_chunks(output: u32, start: u32, first: u32, count: u32) -> Chunks {
  var chunks = Chunks();
  for (var u = 0u; u < UNROLL; u++) {
    let chunk = first + u * LANES;
    for (var r = 0u; r < OUTPUTS; r++) {
      if (chunk < count && output + r < dims.d_out) {
        chunks.bits[u * OUTPUTS + r] = load_chunk(output + r, start + chunk * CHUNK);
        chunks.scales[u * OUTPUTS + r] = load_scale(output + r, start + chunk * CHUNK);
      }
    }
  }
  return chunks;
}

@compute @workgroup_size(INVOCATIONS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let lane = local % LANES;
  let slice = local / LANES;
  // Neighbouring workgroups read the same weights, for the blocks of x.
  let blocks = (dims.rows + ROWS - 1u) / ROWS;
  let index = group.y * groups.x + group.x;
  let first_row = index % blocks * ROWS;
  let output = (index / blocks * SLICES + slice) * OUTPUTS;
  var totals = array<f32, SUMS>();  // (row, output)
  for (var group_start = 0u; group_start < dims.d_in; group_start += dims.group_size) {
    let group_end = min(group_start + dims.group_size, dims.d_in);
    var sums = array<f32, SUMS>();
    var square = array<f32, ROWS>();
    for (var start = group_start; start < group_end; start += TILE) {
      let end = min(start + TILE, group_end);
      let count = (end - start + CHUNK - 1u) / CHUNK;
      // The first weights are on their way while x is being put into workgroup memory.
      var next = load_chunks(output, start, lane, count);
      workgroupBarrier();
      for (var row = 0u; row < ROWS; row++) {
        for (var i = local; i < count * QUADS; i += INVOCATIONS) {
          let prepared = prepare(min(first_row + row, dims.rows - 1u), start + 4u * i, end);
          square[row] += prepared.square;
          x_tile[(row * QUADS + i % QUADS) * TILE_CHUNKS + i / QUADS] = prepared.value;
        }
      }
      workgroupBarrier();
      for (var first = 0u; first < count; first += LANES * UNROLL) {
        let chunks = next;
        if (first + LANES * UNROLL < count) {
          next = load_chunks(output, start, first + LANES * UNROLL + lane, count);
        }
        for (var u = 0u; u < UNROLL; u++) {
          let chunk = first + u * LANES + lane;
          if (chunk < count) {
            var products = array<f32, SUMS>();
            for (var quad = 0u; quad < QUADS; quad++) {
              for (var row = 0u; row < ROWS; row++) {
                let values = x_tile[(row * QUADS + quad) * TILE_CHUNKS + chunk];
                for (var r = 0u; r < OUTPUTS; r++) {
                  products[row * OUTPUTS + r] += dot(expand(chunks.bits[u * OUTPUTS + r], quad), values);
                }
              }
            }
            for (var i = 0u; i < SUMS; i++) {
              sums[i] += chunks.scales[u * OUTPUTS + i % OUTPUTS] * products[i];
            }
          }
        }
      }
    }
    if (IS_NORMED) {
      for (var row = 0u; row < ROWS; row++) {
        let of_slice = sum_of_lanes(square[row], local);
        if (lane == 0u) { squares[row * SLICES + slice] = of_slice; }
      }
      workgroupBarrier();
      for (var row = 0u; row < ROWS; row++) {
        var sum = 0.0;
        for (var i = 0u; i < SLICES; i++) { sum += squares[row * SLICES + i]; }
        let factor = inverseSqrt(sum / f32(dims.group_size) + dims.eps);
        for (var r = 0u; r < OUTPUTS; r++) { sums[row * OUTPUTS + r] *= factor; }
      }
    }
    for (var i = 0u; i < SUMS; i++) { totals[i] += sums[i]; }
  }
  for (var i = 0u; i < SUMS; i++) { store(first_row + i / OUTPUTS, output + i % OUTPUTS, i % LANES, totals[i], local); }
}
`
