import { header } from '../blocks/kernels.ts'
import { type Lanes, laneSumEnables, laneSumWgsl } from '../blocks/lane-sum.wgsl.ts'
import { mathWgsl } from '../math.wgsl.ts'

/** Invocations of a workgroup. */
export const COMBINE_SIZE = 128

/** From the outputs of all ranks to the op's: norm, gate, and the sum over the ranks. */
export function combineWgsl(lanes: Lanes): string {
  return [
    laneSumEnables(lanes),
    header({ SIZE: COMBINE_SIZE, LANES: lanes.count }),
    'alias Sums = f32;\n',
    body,
    laneSumWgsl(lanes),
    mathWgsl,
  ].join('')
}

const body = /* wgsl */ `
// y = Σ_r norm(part_r) ⊙ silu(z ⊙ mimo_z_r) ⊙ mimo_o_r, LANES invocations for each head of a position.
struct Dims {
  sequences: u32, positions: u32, rank: u32, n_heads: u32, head_dim: u32, is_mimo: u32, has_norm: u32, eps: f32,
  z_offset: u32, z_sequence: u32, z_row: u32,
  y_offset: u32, y_sequence: u32,
}

@group(0) @binding(0) var<storage, read> parts: array<f32>;   // (sequences, positions, rank, n_heads, head_dim)
@group(0) @binding(1) var<storage, read> z: array<f32>;       // (sequences, positions, n_heads, head_dim), a view
@group(0) @binding(2) var<storage, read> mimo_z: array<f32>;  // (n_heads, rank, head_dim), if is_mimo
@group(0) @binding(3) var<storage, read> mimo_o: array<f32>;  // as mimo_z
@group(0) @binding(4) var<storage, read> norm: array<f32>;    // (n_heads, head_dim), if has_norm
@group(0) @binding(5) var<storage, read_write> y: array<f32>; // (sequences, positions, n_heads, head_dim)
@group(0) @binding(6) var<uniform> dims: Dims;

@compute @workgroup_size(SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let lane = local % LANES;
  let row = (group.y * groups.x + group.x) * (SIZE / LANES) + local / LANES;
  let head = row % dims.n_heads;
  let position = row / dims.n_heads % dims.positions;
  let sequence = row / (dims.n_heads * dims.positions);
  let size = select(0u, dims.head_dim, sequence < dims.sequences);
  let z_start = dims.z_offset + sequence * dims.z_sequence + position * dims.z_row + head * dims.head_dim;
  let y_start = dims.y_offset + sequence * dims.y_sequence + (position * dims.n_heads + head) * dims.head_dim;
  for (var r = 0u; r < dims.rank; r++) {
    let start = (((sequence * dims.positions + position) * dims.rank + r) * dims.n_heads + head) * dims.head_dim;
    let weights = (head * dims.rank + r) * dims.head_dim;
    var scale = 1.0;
    if (dims.has_norm > 0u) {
      var squares = 0.0;
      for (var p = lane; p < size; p += LANES) { squares += parts[start + p] * parts[start + p]; }
      scale = inverseSqrt(lane_sum(squares, local) / f32(dims.head_dim) + dims.eps);
    }
    for (var p = lane; p < size; p += LANES) {
      var value = scale * parts[start + p];
      if (dims.has_norm > 0u) { value *= norm[head * dims.head_dim + p]; }
      if (dims.is_mimo > 0u) {
        value *= silu(z[z_start + p] * mimo_z[weights + p]) * mimo_o[weights + p];
        // Each element stays with one invocation.
        if (r > 0u) { value += y[y_start + p]; }
      } else {
        value *= silu(z[z_start + p]);
      }
      y[y_start + p] = value;
    }
  }
}
`
