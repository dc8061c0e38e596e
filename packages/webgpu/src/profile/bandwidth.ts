import type { Context } from '../context.ts'
import type { Dispatch, Kernel } from '../queue/kernel.ts'
import { profile } from './profile.ts'

/** More than the caches of any card hold. */
const BYTES = 2 ** 28
const COPIES = 8

const kernel: Kernel = {
  label: 'bandwidth',
  code: /* wgsl */ `
// Copies 16 bytes an invocation.
@group(0) @binding(0) var<storage, read> x: array<vec4<u32>>;        // (words / 4)
@group(0) @binding(1) var<storage, read_write> y: array<vec4<u32>>;  // as x

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = id.y * groups.x * 256u + id.x;
  if (i < arrayLength(&x)) { y[i] = x[i]; }
}
`,
  access: ['read', 'write'],
}

/** `WebGpuBackend.measureBandwidth`. @param isSoftware a program that stands in for a card copies little */
export async function measureBandwidth(context: Context, isSoftware: boolean): Promise<number> {
  const { device, queue, capabilities } = context
  const byteLength = Math.min(isSoftware ? 2 ** 20 : BYTES, capabilities.maxBindingBytes)
  const x = context.allocate([byteLength / 4], 'f32')
  const y = context.allocate([byteLength / 4], 'f32')
  const across = Math.min(byteLength / 4096, 2 ** 12)
  const copy: Dispatch = {
    kernel,
    bindings: [context.binding(x), context.binding(y)],
    workgroups: [across, Math.ceil(byteLength / 4096 / across)],
    bytes: 2 * byteLength,
  }
  const run = () => {
    for (let i = 0; i < COPIES; i++) queue.dispatch(copy)
  }
  try {
    // Lets the card leave its idle clock.
    run()
    const [time] = await profile(device, queue, run)
    return time!.bytes / (time!.microseconds / 1e6)
  } finally {
    x.destroy()
    y.destroy()
  }
}
