/** The kernel that adds up what workgroups computed of parts of the columns of x. */
export const sumSplitsWgsl = /* wgsl */ `
// y = Σ sums[split] (+ bias), one invocation per element.
struct Dims { splits: u32, rows: u32, d_out: u32, has_bias: u32 }

@group(0) @binding(0) var<storage, read> sums: array<f32>;     // (splits, rows, d_out)
@group(0) @binding(1) var<storage, read> bias: array<f32>;     // (d_out)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // (rows, d_out)
@group(0) @binding(3) var<uniform> dims: Dims;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let i = (group.y * groups.x + group.x) * 256u + local;
  let size = dims.rows * dims.d_out;
  if (i >= size) { return; }
  var sum = 0.0;
  if (dims.has_bias == 1u) { sum = bias[i % dims.d_out]; }
  for (var split = 0u; split < dims.splits; split++) { sum += sums[split * size + i]; }
  y[i] = sum;
}
`
