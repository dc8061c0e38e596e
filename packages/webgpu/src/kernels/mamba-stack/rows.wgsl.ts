/**
 * Products of rows of a matrix with what is staged, in two parts: the first weights of a row can be asked for before
 * what they are multiplied with is there, so that they are on their way while workgroups wait for each other.
 */
export const rowsWgsl = /* wgsl */ `
fn vector_at(place: u32) -> vec4<f32> {
  return bitcast<vec4<f32>>(weights[place]);
}

fn word_at(place: u32) -> f32 {
  return bitcast<f32>(words[place]);
}

const AHEAD = 4u;  // chunks of a row that an invocation asks for together
alias Bits = array<vec4<u32>, AHEAD>;

// Chunks 'lane', 'lane' + 'lanes', … of a row.
fn bits_of(matrix: u32, row: u32, chunks: u32, lane: u32, lanes: u32) -> Bits {
  var bits = Bits();
  for (var i = 0u; i < AHEAD; i++) {
    if (lane + i * lanes < chunks) { bits[i] = weights[matrix + row * chunks + lane + i * lanes]; }
  }
  return bits;
}

fn scale_of(scales: u32, row: u32, chunk: u32, chunks: u32) -> f32 {
  if (!HAS_SCALES) { return 1.0; }
  let block = (row * chunks + chunk) * CHUNK / 32u;
  return unpack2x16float(words[scales + block / 2u])[block % 2u];
}

// What an invocation finds of the product of a row; 'first' are its first bits.
fn partial_row(first: Bits, matrix: u32, scales: u32, row: u32, chunks: u32, lane: u32, lanes: u32) -> f32 {
  var sum = 0.0;
  var bits = first;
  for (var start = lane; start < chunks; start += AHEAD * lanes) {
    if (start != lane) { bits = bits_of(matrix, row, chunks, start, lanes); }
    for (var i = 0u; i < AHEAD; i++) {
      let chunk = start + i * lanes;
      if (chunk < chunks) {
        var product = 0.0;
        for (var quad = 0u; quad < QUADS; quad++) { product += dot(expand(bits[i], quad), staged[quad * chunks + chunk]); }
        sum += scale_of(scales, row, chunk, chunks) * product;
      }
    }
  }
  return sum;
}

fn sum_of_workgroup(local: u32, value: f32) -> f32 {
  let of_subgroup = subgroupAdd(value);
  workgroupBarrier();
  if (local % LANES == 0u) { sums[local / LANES] = of_subgroup; }
  workgroupBarrier();
  var sum = 0.0;
  for (var i = 0u; i < SUBGROUPS; i++) { sum += sums[i]; }
  return sum;
}

// Where quad 'quad' of what is staged stands: neighbouring chunks next to each other, as neighbours read them.
fn staged_at(quad: u32, chunks: u32) -> u32 {
  return quad % QUADS * chunks + quad / QUADS;
}

// Stages the residual stream times a norm's weights. Returns what is missing for the norm.
fn stage_normed(local: u32, norm: u32, must_take: bool) -> f32 {
  if (must_take) {
    for (var i = local; i < D_MODEL; i += SIZE) { residual[i] = taken(X + i); }
    workgroupBarrier();
  }
  var square = 0.0;
  for (var quad = local; quad < D_MODEL / 4u; quad += SIZE) {
    let i = 4u * quad;
    let values = vec4<f32>(residual[i], residual[i + 1u], residual[i + 2u], residual[i + 3u]);
    square += dot(values, values);
    staged[staged_at(quad, D_MODEL / CHUNK)] = values * vector_at(norm + quad);
  }
  return inverseSqrt(sum_of_workgroup(local, square) / f32(D_MODEL) + dims.eps);
}

fn stage_inner(local: u32, place: u32) {
  // One element each: an invocation waits for its atomics one after the other.
  for (var i = local; i < D_INNER; i += SIZE) { inner[i] = taken(place + i); }
  workgroupBarrier();
  for (var quad = local; quad < D_INNER / 4u; quad += SIZE) {
    let i = 4u * quad;
    staged[staged_at(quad, D_INNER / CHUNK)] = vec4<f32>(inner[i], inner[i + 1u], inner[i + 2u], inner[i + 3u]);
  }
  workgroupBarrier();
}
`
