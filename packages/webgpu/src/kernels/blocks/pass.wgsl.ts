/** From chunk to chunk: what each adds to the state becomes the state before it. */
export function passWgsl(hasPending: boolean): string {
  const access = hasPending ? 'read_write' : 'read'
  return /* wgsl */ `
@group(0) @binding(3) var<storage, ${access}> last_k: array<Unit>;  // (sequences, rank, n_heads, d_state)
@group(0) @binding(4) var<storage, ${access}> last_v: array<f32>;   // (sequences, n_heads, head_dim)
${body}`
}

const body = /* wgsl */ `
// h ← decay_c h + states_c, one invocation for each element of the state, or four.
@group(0) @binding(0) var<storage, read> frames: array<vec4<u32>>;       // (sequences, n_heads, 1 + positions)
@group(0) @binding(1) var<storage, read_write> states: array<Unit>;      // (sequences, chunks, heads, head_dim, d_state)
@group(0) @binding(2) var<storage, read_write> state: array<Unit>;       // (sequences, n_heads, head_dim, d_state)
// last_k and last_v: what else the position before the span left, or something else if nothing is pending.
@group(0) @binding(5) var<storage, read> mimo: array<f32>;               // (n_heads, rank, head_dim)

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let head = Chunk(group.z, group.y, 0u, 0u);
  let size = span.head_dim * span.d_state / UNIT;
  let element = group.x * 64u + local;
  if (element >= size) { return; }
  let own = span.state_offset / UNIT + (group.z * span.n_heads + group.y) * size + element;
  let step = span.n_heads * size;
  let start = (group.z * span.chunks * span.n_heads + group.y) * size + element;
  let last = span.chunks - 1u;
  var h = state[own];
  if (span.has_pending > 0u) { h = add_pending(head, element * UNIT, h); }
  // Four chunks are read before the first is written, as the device would not read ahead by itself.
  for (var c = 0u; c < span.chunks; c += 4u) {
    let i = start + c * step;
    let second = states[start + min(c + 1u, last) * step];
    let third = states[start + min(c + 2u, last) * step];
    let fourth = states[start + min(c + 3u, last) * step];
    let next = fma(Unit(decay_of(head, c)), h, states[i]);
    states[i] = h;
    h = next;
    if (c + 1u < span.chunks) { h = pass_on(head, c + 1u, i + step, h, second); }
    if (c + 2u < span.chunks) { h = pass_on(head, c + 2u, i + 2u * step, h, third); }
    if (c + 3u < span.chunks) { h = pass_on(head, c + 3u, i + 3u * step, h, fourth); }
  }
  state[own] = h;
}

fn pass_on(head: Chunk, chunk: u32, i: u32, h: Unit, added: Unit) -> Unit {
  states[i] = h;
  return fma(Unit(decay_of(head, chunk)), h, added);
}

// What is left after a chunk of the state before it.
fn decay_of(head: Chunk, chunk: u32) -> f32 {
  return decay(vec2<u32>(), frames[frames_start(head) + (chunk + 1u) * span.chunk - 1u].xy);
}

// The position before the span acts on the state once more, with a weight that the first position of the span has
// decided: Σ_r weight v k_r.
fn add_pending(head: Chunk, i: u32, h: Unit) -> Unit {
  let p = i / span.d_state;
  let n = i % span.d_state;
  let sequence = span.last_offset + head.sequence;
  let weight = bitcast<f32>(frames[frames_start(head) - 1u].z);
  let v = weight * last_v[(sequence * span.n_heads + head.head) * span.head_dim + p];
  var sum = h;
  for (var r = 0u; r < span.rank; r++) {
    var input = v;
    if (span.is_mimo > 0u) { input *= mimo[(head.head * span.rank + r) * span.head_dim + p]; }
    let key = ((sequence * span.rank + r) * span.n_heads + head.head) * span.d_state + n;
    sum = fma(Unit(input), last_k[key / UNIT], sum);
  }
  return sum;
}
`
