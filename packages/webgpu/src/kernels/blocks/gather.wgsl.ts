/** Copies the elements of `count` tensors into one buffer. */
export function gatherWgsl(count: number): string {
  const sources = Array.from({ length: count }, (_, i) => i)
  return [
    `const COUNT = ${count}u;\n`,
    ...sources.map(
      (i) =>
        `@group(0) @binding(${i}) var<storage, read> source${i}: array<f32>; // (rows, columns), a view\n`,
    ),
    'fn element(tensor: u32, i: u32) -> f32 {\n  switch tensor {\n',
    ...sources.slice(1).map((i) => `    case ${i}u: { return source${i}[i]; }\n`),
    '    default: { return source0[i]; }\n  }\n}\n',
    body,
  ].join('')
}

const body = /* wgsl */ `
// One invocation for each element.
struct Dims {
  start: u32, a: u32, b: u32, c: u32,
  // Of each tensor: its end in the result, columns, offset, stride.
  tensors: array<vec4<u32>, COUNT>,
}

@group(0) @binding(COUNT) var<storage, read_write> gathered: array<f32>; // (elements)
@group(0) @binding(COUNT + 1u) var<uniform> dims: Dims;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let i = dims.start + (group.y * groups.x + group.x) * 256u + local;
  if (i >= dims.tensors[COUNT - 1u].x) { return; }
  var start = dims.start;
  var tensor = 0u;
  while (i >= dims.tensors[tensor].x) {
    start = dims.tensors[tensor].x;
    tensor++;
  }
  let own = dims.tensors[tensor];
  gathered[i] = element(tensor, own.z + (i - start) / own.y * own.w + (i - start) % own.y);
}
`
