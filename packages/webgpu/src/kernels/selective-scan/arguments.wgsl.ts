import type { Access } from '../../queue/kernel.ts'

/** What distinguishes the kernels of the scan. */
export interface ScanVariant {
  /** Vectors of four states of a channel; the last is filled up with zeros. */
  readonly groups: number
  /** Whether there is nothing to fill up. */
  readonly isWhole: boolean
  /** Whether A, dtBias and D come in one buffer, for devices that bind few. */
  readonly isPacked: boolean
}

/** Text that a kernel begins with: how many states there are, and the parameters, which all kernels share. */
export function scanHeaderWgsl({ groups }: ScanVariant): string {
  return `const GROUPS = ${groups}u;  // vectors of four states of a channel\n${dimsWgsl}`
}

const dimsWgsl = /* wgsl */ `
struct Dims {
  batch: u32, length: u32, d_inner: u32, d_state: u32,
  has_bias: u32, has_gate: u32,
  chunk_length: u32, chunks: u32,  // of a sequence
  u_offset: u32, u_stride: u32,
  dt_offset: u32, dt_stride: u32,
  z_offset: u32, z_stride: u32,
  B_offset: u32, B_stride: u32,
  C_offset: u32, C_stride: u32,
}
const LOG2_E = 1.44269504;
`

/** Declares `dims`, which comes after all storage buffers. */
export function dimsBindingWgsl(binding: number): string {
  return `@group(0) @binding(${binding}) var<uniform> dims: Dims;\n`
}

/**
 * The buffers of what does not depend on the position, and functions that read them: `A_of(channel, group)`,
 * `dt_bias_of(channel)`, `D_of(channel)`.
 * @param first number of the first binding
 */
export function weightsWgsl(first: number, variant: ScanVariant) {
  const { isPacked } = variant
  const access: Access[] = isPacked ? ['read'] : ['read', 'read', 'read']
  const texts = isPacked
    ? [packedWgsl(first)]
    : [AWgsl(first, variant), dtBiasWgsl(first + 1), DWgsl(first + 2)]
  return { wgsl: texts.join('') + dimsBindingWgsl(first + access.length), access }
}

/** A, with `A_of`. */
export function AWgsl(binding: number, { isWhole }: ScanVariant): string {
  if (isWhole) {
    return `
@group(0) @binding(${binding}) var<storage, read> A: array<vec4<f32>>;  // (d_inner, GROUPS), < 0
fn A_of(channel: u32, group: u32) -> vec4<f32> { return A[channel * GROUPS + group]; }
`
  }
  return `
@group(0) @binding(${binding}) var<storage, read> A: array<f32>;  // (d_inner, d_state), < 0
fn A_of(channel: u32, group: u32) -> vec4<f32> {
  ${gather('A', 'channel * dims.d_state')}
}
`
}

export function dtBiasWgsl(binding: number): string {
  return `
@group(0) @binding(${binding}) var<storage, read> dt_bias: array<f32>;  // (d_inner), or not read
fn dt_bias_of(channel: u32) -> f32 { return dt_bias[channel]; }
`
}

function DWgsl(binding: number): string {
  return `
@group(0) @binding(${binding}) var<storage, read> D: array<f32>;  // (d_inner)
fn D_of(channel: u32) -> f32 { return D[channel]; }
`
}

function packedWgsl(binding: number): string {
  return `
// (d_inner, GROUPS): A; then (d_inner): dt_bias and D.
@group(0) @binding(${binding}) var<storage, read> weights: array<vec4<f32>>;
fn A_of(channel: u32, group: u32) -> vec4<f32> { return weights[channel * GROUPS + group]; }
fn dt_bias_of(channel: u32) -> f32 { return weights[dims.d_inner * GROUPS + channel].x; }
fn D_of(channel: u32) -> f32 { return weights[dims.d_inner * GROUPS + channel].y; }
`
}

/** The state, with `load_state` and `store_state`; row = batch index · d_inner + channel. */
export function stateWgsl(binding: number, { isWhole }: ScanVariant): string {
  if (isWhole) {
    return `
@group(0) @binding(${binding}) var<storage, read_write> state: array<vec4<f32>>;  // (batch, d_inner, GROUPS)
fn load_state(row: u32, group: u32) -> vec4<f32> { return state[row * GROUPS + group]; }
fn store_state(row: u32, group: u32, h: vec4<f32>) { state[row * GROUPS + group] = h; }
`
  }
  return `
@group(0) @binding(${binding}) var<storage, read_write> state: array<f32>;  // (batch, d_inner, d_state)
fn load_state(row: u32, group: u32) -> vec4<f32> {
  ${gather('state', 'row * dims.d_state')}
}
fn store_state(row: u32, group: u32, h: vec4<f32>) {
  let at = row * dims.d_state + 4u * group;
  for (var n = 0u; n < 4u && 4u * group + n < dims.d_state; n++) { state[at + n] = h[n]; }
}
`
}

/** B or C, a view, with `B_of` or `C_of`; row = batch index · length + position. */
export function selectionWgsl(binding: number, name: 'B' | 'C', { isWhole }: ScanVariant): string {
  return `
@group(0) @binding(${binding}) var<storage, read> ${name}: array<f32>;  // (batch, length, d_state), a view
fn ${name}_of(row: u32, group: u32) -> vec4<f32> {
  ${gather(name, `dims.${name}_offset + row * dims.${name}_stride`, isWhole)}
}
`
}

/** Statements that return states 4 · group to 4 · group + 3 of a row of a buffer, zero where there are none. */
function gather(buffer: string, start: string, isWhole = false): string {
  const from = `let at = ${start} + 4u * group;`
  if (isWhole)
    return `${from}\n  return vec4(${[0, 1, 2, 3].map((n) => `${buffer}[at + ${n}u]`).join(', ')});`
  return `${from}
  let left = dims.d_state - 4u * group;
  var four = vec4<f32>();
  if (left > 0u) { four.x = ${buffer}[at]; }
  if (left > 1u) { four.y = ${buffer}[at + 1u]; }
  if (left > 2u) { four.z = ${buffer}[at + 2u]; }
  if (left > 3u) { four.w = ${buffer}[at + 3u]; }
  return four;`
}
