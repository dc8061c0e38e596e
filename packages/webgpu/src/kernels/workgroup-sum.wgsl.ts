/**
 * The sum of one value of each invocation, in all of them and always in the same order. In two steps of about the
 * square root of SIZE: a tree of halves needs a barrier for each. The kernel declares SIZE, its invocations, a multiple
 * of 32. It must be called in uniform control flow, and once: a second call could overwrite what others still read.
 */
export const workgroupSumWgsl = /* wgsl */ `
const SUM_PARTS = 16u;
var<workgroup> sum_values: array<f32, SIZE>;
var<workgroup> sum_parts: array<f32, SUM_PARTS>;

fn workgroup_sum(value: f32, local: u32) -> f32 {
  sum_values[local] = value;
  workgroupBarrier();
  if (local < SUM_PARTS) {
    var part = 0.0;
    for (var i = local; i < SIZE; i += SUM_PARTS) { part += sum_values[i]; }
    sum_parts[local] = part;
  }
  workgroupBarrier();
  var sum = 0.0;
  for (var i = 0u; i < SUM_PARTS; i++) { sum += sum_parts[i]; }
  return sum;
}
`
