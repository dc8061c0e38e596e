/*
 * The innermost part of the product of many rows: an invocation's sums in registers, which no loop may index, or a
 * compiler that does not unroll it puts them into memory.
 *
 * - `multiply`: adds the outer product of the invocation's elements of one column of x and one of W.
 * - `write`: writes its sums, four columns at a time.
 */

/** 4 · 4: four neighbouring rows by four neighbouring columns. */
export const registers4 = /* wgsl */ `
alias Sums = array<vec4<f32>, 4>;

fn multiply(sums: ptr<function, Sums>, column: u32, row_quad: u32, column_quad: u32) {
  let a = tiles[place(0u, column, row_quad)];
  let b = tiles[place(1u, column, column_quad)];
  (*sums)[0] = fma(a.xxxx, b, (*sums)[0]);
  (*sums)[1] = fma(a.yyyy, b, (*sums)[1]);
  (*sums)[2] = fma(a.zzzz, b, (*sums)[2]);
  (*sums)[3] = fma(a.wwww, b, (*sums)[3]);
}

fn write_row(start: u32, row: u32, column: u32, sums: vec4<f32>) {
  if (row < dims.rows) { write_quad(start + row * dims.y_stride, column, sums); }
}

fn write(sums: ptr<function, Sums>, start: u32, row: u32, column: u32) {
  write_row(start, row, column, (*sums)[0]);
  write_row(start, row + 1u, column, (*sums)[1]);
  write_row(start, row + 2u, column, (*sums)[2]);
  write_row(start, row + 3u, column, (*sums)[3]);
}
`

/** 8 · 8: four rows and columns in each half of the tile. */
export const registers8 = /* wgsl */ `
alias Sums = array<vec4<f32>, 16>;

fn multiply(sums: ptr<function, Sums>, column: u32, row_quad: u32, column_quad: u32) {
  let a = tiles[place(0u, column, row_quad)];
  let c = tiles[place(0u, column, row_quad + TILE / 8u)];
  let b = tiles[place(1u, column, column_quad)];
  let d = tiles[place(1u, column, column_quad + TILE / 8u)];
  (*sums)[0] = fma(a.xxxx, b, (*sums)[0]);
  (*sums)[1] = fma(a.xxxx, d, (*sums)[1]);
  (*sums)[2] = fma(a.yyyy, b, (*sums)[2]);
  (*sums)[3] = fma(a.yyyy, d, (*sums)[3]);
  (*sums)[4] = fma(a.zzzz, b, (*sums)[4]);
  (*sums)[5] = fma(a.zzzz, d, (*sums)[5]);
  (*sums)[6] = fma(a.wwww, b, (*sums)[6]);
  (*sums)[7] = fma(a.wwww, d, (*sums)[7]);
  (*sums)[8] = fma(c.xxxx, b, (*sums)[8]);
  (*sums)[9] = fma(c.xxxx, d, (*sums)[9]);
  (*sums)[10] = fma(c.yyyy, b, (*sums)[10]);
  (*sums)[11] = fma(c.yyyy, d, (*sums)[11]);
  (*sums)[12] = fma(c.zzzz, b, (*sums)[12]);
  (*sums)[13] = fma(c.zzzz, d, (*sums)[13]);
  (*sums)[14] = fma(c.wwww, b, (*sums)[14]);
  (*sums)[15] = fma(c.wwww, d, (*sums)[15]);
}

fn write_row(start: u32, row: u32, column: u32, left: vec4<f32>, right: vec4<f32>) {
  if (row >= dims.rows) { return; }
  write_quad(start + row * dims.y_stride, column, left);
  write_quad(start + row * dims.y_stride, column + TILE / 2u, right);
}

fn write(sums: ptr<function, Sums>, start: u32, row: u32, column: u32) {
  write_row(start, row, column, (*sums)[0], (*sums)[1]);
  write_row(start, row + 1u, column, (*sums)[2], (*sums)[3]);
  write_row(start, row + 2u, column, (*sums)[4], (*sums)[5]);
  write_row(start, row + 3u, column, (*sums)[6], (*sums)[7]);
  write_row(start, row + TILE / 2u, column, (*sums)[8], (*sums)[9]);
  write_row(start, row + TILE / 2u + 1u, column, (*sums)[10], (*sums)[11]);
  write_row(start, row + TILE / 2u + 2u, column, (*sums)[12], (*sums)[13]);
  write_row(start, row + TILE / 2u + 3u, column, (*sums)[14], (*sums)[15]);
}
`
