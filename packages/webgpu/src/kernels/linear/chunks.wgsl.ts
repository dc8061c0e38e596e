import { isQuantised, type WeightDType } from './weights.ts'

/**
 * How a kernel reads weights 16 bytes at a time, which is a chunk of `CHUNK` elements, in two steps, so that many chunks
 * can be on their way before the first is used:
 *
 * - `load_chunk(row, k)`: the bits of elements k, k + 1, …; zeros past the end of a row. k is a multiple of CHUNK, or,
 *   within a group of a norm, that far from its start.
 * - `load_scale(row, k)`: what its elements must be multiplied with; 1 for dtypes without scales.
 * - `expand(chunk, quad)`: four of the elements, from 4 · quad on.
 *
 * They read `weights: array<vec4<u32>>` and `words: array<u32>`, two views of one buffer.
 * @param isWide whether rows begin at multiples of 16 bytes and are multiples of them
 */
export function chunksWgsl(dtype: WeightDType, isWide: boolean): string {
  const load = isWide || isQuantised(dtype) ? wide : dtype === 'f32' ? narrowWords : narrowHalves
  return `${load}${isQuantised(dtype) ? scaled : unscaled}${expands[dtype]}`
}

const wide = /* wgsl */ `
fn load_chunk(row: u32, k: u32) -> vec4<u32> {
  return weights[(dims.w_offset + row * dims.w_stride + k) / CHUNK];
}
`

const narrowWords = /* wgsl */ `
fn load_chunk(row: u32, k: u32) -> vec4<u32> {
  let start = dims.w_offset + row * dims.w_stride;
  var chunk = vec4<u32>();
  for (var i = 0u; i < 4u; i++) {
    if (k + i < dims.d_in) { chunk[i] = words[start + k + i]; }
  }
  return chunk;
}
`

const narrowHalves = /* wgsl */ `
fn load_half(start: u32, k: u32) -> u32 {
  if (k >= dims.d_in) { return 0u; }
  return (words[(start + k) / 2u] >> (16u * ((start + k) % 2u))) & 0xffffu;
}

fn load_chunk(row: u32, k: u32) -> vec4<u32> {
  let start = dims.w_offset + row * dims.w_stride;
  var chunk = vec4<u32>();
  for (var i = 0u; i < 4u; i++) {
    chunk[i] = load_half(start, k + 2u * i) | (load_half(start, k + 2u * i + 1u) << 16u);
  }
  return chunk;
}
`

/** `expand(chunk, quad)` alone. */
export function expandsWgsl(dtype: WeightDType): string {
  return expands[dtype]
}

const unscaled = /* wgsl */ `
fn load_scale(row: u32, k: u32) -> f32 {
  return 1.0;
}
`

const scaled = /* wgsl */ `
fn load_scale(row: u32, k: u32) -> f32 {
  let block = (dims.w_offset + row * dims.w_stride + k) / 32u;
  return unpack2x16float(words[dims.scale_start + block / 2u])[block % 2u];
}
`

/*
 * A small whole number q becomes a float32 without a conversion, which is slow on some devices: the bits of 2²³ with q
 * in the last places are those of 2²³ + q, and the subtraction is exact.
 */
const expands: Readonly<Record<WeightDType, string>> = {
  f32: /* wgsl */ `
fn expand(chunk: vec4<u32>, quad: u32) -> vec4<f32> {
  return bitcast<vec4<f32>>(chunk);
}
`,
  f16: /* wgsl */ `
fn expand(chunk: vec4<u32>, quad: u32) -> vec4<f32> {
  let pairs = select(chunk.xy, chunk.zw, quad == 1u);
  return vec4<f32>(unpack2x16float(pairs.x), unpack2x16float(pairs.y));
}
`,
  bf16: /* wgsl */ `
fn expand(chunk: vec4<u32>, quad: u32) -> vec4<f32> {
  let pairs = select(chunk.xy, chunk.zw, quad == 1u);
  return bitcast<vec4<f32>>(vec4<u32>(pairs.xx << vec2<u32>(16u, 0u), pairs.yy << vec2<u32>(16u, 0u)) & vec4<u32>(0xffff0000u));
}
`,
  q8_0: /* wgsl */ `
fn expand(chunk: vec4<u32>, quad: u32) -> vec4<f32> {
  let biased = vec4<u32>(chunk[quad] ^ 0x80808080u) >> vec4<u32>(0u, 8u, 16u, 24u);
  return bitcast<vec4<f32>>((biased & vec4<u32>(0xffu)) | vec4<u32>(0x4b000000u)) - vec4<f32>(8388736.0);
}
`,
  q4_0: /* wgsl */ `
fn expand(chunk: vec4<u32>, quad: u32) -> vec4<f32> {
  // Element e of the first 16 is in the lower half of byte e, and element e + 16 in its upper half.
  let halves = vec4<u32>(chunk[quad % 4u] >> (quad / 4u * 4u)) >> vec4<u32>(0u, 8u, 16u, 24u);
  return bitcast<vec4<f32>>((halves & vec4<u32>(0xfu)) | vec4<u32>(0x4b000000u)) - vec4<f32>(8388616.0);
}
`,
}
