import { workgroupSumWgsl } from '../workgroup-sum.wgsl.ts'

export const crossEntropyWgsl = (): string => `const SIZE = 256u;\n${body}${workgroupSumWgsl}`

const body = /* wgsl */ `
// y = log Σ exp(logits) − logits[target], one workgroup for each row. The logits are read once: each invocation keeps
// the largest that it met, and the sum of exponentials relative to it. The row of a target outside the vocabulary is NaN.
struct Dims {
  rows: u32, vocabulary: u32, length: u32,
  logits_offset: u32, logits_stride: u32,
  targets_offset: u32, targets_stride: u32,
}

@group(0) @binding(0) var<storage, read> logits: array<f32>;   // (rows, vocabulary), a view
@group(0) @binding(1) var<storage, read> targets: array<i32>;  // (rows / length, length), a view
@group(0) @binding(2) var<storage, read_write> y: array<u32>;  // (rows), bits of float32
@group(0) @binding(3) var<uniform> dims: Dims;

const LOWEST = -3.4e38;
const NAN = 0x7fc00000u;
const STEP = 4u;  // logits of an invocation that are on their way together
var<workgroup> maxima: array<f32, SIZE>;
var<workgroup> max_parts: array<f32, SUM_PARTS>;

// The largest value of all invocations, found as workgroup_sum finds the sum.
fn workgroup_max(value: f32, local: u32) -> f32 {
  maxima[local] = value;
  workgroupBarrier();
  if (local < SUM_PARTS) {
    var part = LOWEST;
    for (var i = local; i < SIZE; i += SUM_PARTS) { part = max(part, maxima[i]); }
    max_parts[local] = part;
  }
  workgroupBarrier();
  var largest = LOWEST;
  for (var i = 0u; i < SUM_PARTS; i++) { largest = max(largest, max_parts[i]); }
  return largest;
}

@compute @workgroup_size(SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let row = group.y * groups.x + group.x;
  let start = dims.logits_offset + row * dims.logits_stride;
  let end = select(0u, dims.vocabulary, row < dims.rows);

  var largest = LOWEST;
  var sum = 0.0;
  for (var first = local; first < end; first += STEP * SIZE) {
    var values: array<f32, STEP>;
    var next = largest;
    for (var k = 0u; k < STEP; k++) {
      let i = first + k * SIZE;
      values[k] = LOWEST;
      if (i < end) { values[k] = logits[start + i]; }
      next = max(next, values[k]);
    }
    sum *= exp(largest - next);
    for (var k = 0u; k < STEP; k++) { sum += exp(values[k] - next); }
    largest = next;
  }

  let row_largest = workgroup_max(largest, local);
  let row_sum = workgroup_sum(sum * exp(largest - row_largest), local);
  if (local == 0u && row < dims.rows) {
    let at = dims.targets_offset + row / dims.length * dims.targets_stride + row % dims.length;
    // Negative targets are beyond every vocabulary.
    let target_id = bitcast<u32>(targets[at]);
    y[row] = NAN;
    if (target_id < dims.vocabulary) {
      y[row] = bitcast<u32>(log(row_sum) + (row_largest - logits[start + target_id]));
    }
  }
}
`
