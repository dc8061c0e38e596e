import { isQuantised, type WeightDType } from './weights.ts'

/**
 * How kernels read four elements of the weights at a time, in two steps, so that they can be on their way while other
 * things are computed. k is a multiple of 4, less than `d_in`; past the end of a row are zeros.
 *
 * - `weight_quad(row, k)`: the bits of elements k to k + 3.
 * - `expand_quad(quad)`: what they are in float32.
 * @param isWide whether rows begin at multiples of four elements and are multiples of them
 */
export function weightQuadsWgsl(dtype: WeightDType, isWide: boolean): string {
  const { element, load } =
    isWide || isQuantised(dtype) ? wide[dtype] : dtype === 'f32' ? narrowWords : narrowHalves
  return `alias Weight = ${element};\n${load}${expands[dtype]}`
}

interface Loader {
  /** What the weights are an array of. */
  readonly element: string
  readonly load: string
}

const wideHalves: Loader = {
  element: 'vec2<u32>',
  load: /* wgsl */ `
fn weight_quad(row: u32, k: u32) -> vec4<u32> {
  return vec4<u32>(weights[(dims.w_offset + row * dims.w_stride + k) / 4u], 0u, 0u);
}
`,
}

const scale = /* wgsl */ `
fn scale_bits(element: u32) -> u32 {
  let block = element / 32u;
  return bitcast<u32>(unpack2x16float(weights[dims.scale_start + block / 2u])[block % 2u]);
}
`

/** Quads of quantised dtypes are the word with their quants, and the scale. */
const wide: Readonly<Record<WeightDType, Loader>> = {
  f32: {
    element: 'vec4<u32>',
    load: /* wgsl */ `
fn weight_quad(row: u32, k: u32) -> vec4<u32> {
  return weights[(dims.w_offset + row * dims.w_stride + k) / 4u];
}
`,
  },
  f16: wideHalves,
  bf16: wideHalves,
  q8_0: {
    element: 'u32',
    load: /* wgsl */ `
fn weight_quad(row: u32, k: u32) -> vec4<u32> {
  let element = dims.w_offset + row * dims.w_stride + k;
  return vec4<u32>(weights[element / 4u], scale_bits(element), 0u, 0u);
}
${scale}`,
  },
  q4_0: {
    element: 'u32',
    load: /* wgsl */ `
fn weight_quad(row: u32, k: u32) -> vec4<u32> {
  // Element e of the first 16 is in the lower half of byte e, and element e + 16 in its upper half.
  let element = dims.w_offset + row * dims.w_stride + k;
  let word = weights[4u * (element / 32u) + element % 16u / 4u];
  return vec4<u32>(word >> (element % 32u / 16u * 4u), scale_bits(element), 0u, 0u);
}
${scale}`,
  },
}

const narrowWords: Loader = {
  element: 'u32',
  load: /* wgsl */ `
fn weight_quad(row: u32, k: u32) -> vec4<u32> {
  let start = dims.w_offset + row * dims.w_stride;
  var quad = vec4<u32>();
  for (var i = 0u; i < 4u; i++) {
    if (k + i < dims.d_in) { quad[i] = weights[start + k + i]; }
  }
  return quad;
}
`,
}

const narrowHalves: Loader = {
  element: 'u32',
  load: /* wgsl */ `
fn half_bits(start: u32, k: u32) -> u32 {
  if (k >= dims.d_in) { return 0u; }
  return (weights[(start + k) / 2u] >> (16u * ((start + k) % 2u))) & 0xffffu;
}

fn weight_quad(row: u32, k: u32) -> vec4<u32> {
  let start = dims.w_offset + row * dims.w_stride;
  let low = half_bits(start, k) | (half_bits(start, k + 1u) << 16u);
  let high = half_bits(start, k + 2u) | (half_bits(start, k + 3u) << 16u);
  return vec4<u32>(low, high, 0u, 0u);
}
`,
}

const expands: Readonly<Record<WeightDType, string>> = {
  f32: /* wgsl */ `
fn expand_quad(quad: vec4<u32>) -> vec4<f32> {
  return bitcast<vec4<f32>>(quad);
}
`,
  f16: /* wgsl */ `
fn expand_quad(quad: vec4<u32>) -> vec4<f32> {
  return vec4<f32>(unpack2x16float(quad.x), unpack2x16float(quad.y));
}
`,
  bf16: /* wgsl */ `
fn expand_quad(quad: vec4<u32>) -> vec4<f32> {
  return bitcast<vec4<f32>>((quad.xxyy << vec4<u32>(16u, 0u, 16u, 0u)) & vec4<u32>(0xffff0000u));
}
`,
  q8_0: /* wgsl */ `
fn expand_quad(quad: vec4<u32>) -> vec4<f32> {
  let quants = bitcast<vec4<i32>>(vec4<u32>(quad.x) << vec4<u32>(24u, 16u, 8u, 0u)) >> vec4<u32>(24u);
  return bitcast<f32>(quad.y) * vec4<f32>(quants);
}
`,
  q4_0: /* wgsl */ `
fn expand_quad(quad: vec4<u32>) -> vec4<f32> {
  let quants = (vec4<u32>(quad.x) >> vec4<u32>(0u, 8u, 16u, 24u)) & vec4<u32>(15u);
  return bitcast<f32>(quad.y) * (vec4<f32>(quants) - 8.0);
}
`,
}
