import type { Access } from '../../queue/kernel.ts'
import { type ScanVariant, scanHeaderWgsl, weightsWgsl } from './arguments.wgsl.ts'

/** Bytes of the packed weights. */
export function packedByteLength(dInner: number, groups: number): number {
  return 16 * dInner * (groups + 1)
}

/** Puts A, dtBias and D into one buffer, as `weightsWgsl` finds them there. */
export function packWeightsWgsl(variant: ScanVariant) {
  const weights = weightsWgsl(1, { ...variant, isPacked: false })
  const access: Access[] = ['write', ...weights.access]
  return { code: scanHeaderWgsl(variant) + weights.wgsl + body, access }
}

const body = /* wgsl */ `
@group(0) @binding(0) var<storage, read_write> packed: array<vec4<f32>>;  // (d_inner, GROUPS), then (d_inner)

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let i = (workgroup.y * workgroups.x + workgroup.x) * 64u + local;
  let count = dims.d_inner * GROUPS;
  if (i < count) {
    packed[i] = A_of(i / GROUPS, i % GROUPS);
  } else if (i < count + dims.d_inner) {
    packed[i] = vec4(dt_bias_of(i - count), D_of(i - count), 0.0, 0.0);
  }
}
`
