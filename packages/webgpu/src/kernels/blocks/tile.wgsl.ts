/**
 * Matrix products of float32, 64 × 64 results by a workgroup of 128 invocations, in registers: 8 rows × 4 columns each.
 * Terms pass through workgroup memory, 16 of each result at a time: half of the invocations bring those of the left
 * factor there, (terms, rows), the others those of the right one, (terms, columns).
 */
export const tileWgsl = /* wgsl */ `
alias Results = array<vec4<f32>, 8>;

// (2, 16 terms, 16 quads of rows or columns), left and right.
var<workgroup> tiles: array<vec4<f32>, 512>;

// Where a quad of a term lies. Neighbouring invocations write neighbouring quads, or every fourth term: the swap of
// quads spreads both over the banks of the memory.
fn slot(term: u32, quad: u32) -> u32 {
  return term * 16u + (quad ^ ((term / 4u) * 2u));
}

// Of the invocations that bring terms: each one's number among the 64 of its factor.
fn bringer(local: u32) -> u32 {
  return local % 64u;
}

fn is_left(local: u32) -> bool {
  return local < 64u;
}

// Terms first to first + 3 of a factor, whose rows (or columns) quad to quad + 3 are given.
fn place_rows(local: u32, a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32>) {
  let start = select(256u, 0u, is_left(local));
  let first = 4u * (bringer(local) % 4u);
  let quad = bringer(local) / 4u;
  tiles[start + slot(first, quad)] = vec4<f32>(a.x, b.x, c.x, d.x);
  tiles[start + slot(first + 1u, quad)] = vec4<f32>(a.y, b.y, c.y, d.y);
  tiles[start + slot(first + 2u, quad)] = vec4<f32>(a.z, b.z, c.z, d.z);
  tiles[start + slot(first + 3u, quad)] = vec4<f32>(a.w, b.w, c.w, d.w);
}

// One quad of four terms, every fourth of them.
fn place_terms(local: u32, a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32>) {
  let start = select(256u, 0u, is_left(local));
  let term = bringer(local) / 16u;
  let quad = bringer(local) % 16u;
  tiles[start + slot(term, quad)] = a;
  tiles[start + slot(term + 4u, quad)] = b;
  tiles[start + slot(term + 8u, quad)] = c;
  tiles[start + slot(term + 12u, quad)] = d;
}

// The rows of an invocation are 8 · (local / 16) and on, its columns 4 · (local % 16) and on.
fn multiply(results: ptr<function, Results>, local: u32) {
  for (var fourth = 0u; fourth < 4u; fourth++) {
    let rows = 64u * fourth + ((2u * (local / 16u)) ^ (2u * fourth));
    let columns = 256u + 64u * fourth + ((local % 16u) ^ (2u * fourth));
    for (var term = 0u; term < 64u; term += 16u) {
      let u = tiles[rows + term];
      let v = tiles[rows + term + 1u];
      let w = tiles[columns + term];
      (*results)[0] = fma(vec4<f32>(u.x), w, (*results)[0]);
      (*results)[1] = fma(vec4<f32>(u.y), w, (*results)[1]);
      (*results)[2] = fma(vec4<f32>(u.z), w, (*results)[2]);
      (*results)[3] = fma(vec4<f32>(u.w), w, (*results)[3]);
      (*results)[4] = fma(vec4<f32>(v.x), w, (*results)[4]);
      (*results)[5] = fma(vec4<f32>(v.y), w, (*results)[5]);
      (*results)[6] = fma(vec4<f32>(v.z), w, (*results)[6]);
      (*results)[7] = fma(vec4<f32>(v.w), w, (*results)[7]);
    }
  }
}

// One row of an invocation. No index is computed, as that would move the results out of registers.
fn result(results: ptr<function, Results>, row: u32) -> vec4<f32> {
  switch row {
    case 0u: { return (*results)[0]; }
    case 1u: { return (*results)[1]; }
    case 2u: { return (*results)[2]; }
    case 3u: { return (*results)[3]; }
    case 4u: { return (*results)[4]; }
    case 5u: { return (*results)[5]; }
    case 6u: { return (*results)[6]; }
    default: { return (*results)[7]; }
  }
}
`
