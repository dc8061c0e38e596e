import type { Capabilities } from '../../device/capabilities.ts'

/** How the invocations of a workgroup share the rows of a state. */
export interface Lanes {
  /** Invocations of a row: 4, 16 or 32. */
  readonly count: number
  /** Whether they are within one subgroup. */
  readonly areSubgroup: boolean
}

/** Invocations for rows of `units` elements, or quads of them. */
export function lanesFor(units: number, { subgroups }: Capabilities): Lanes {
  const count = [4, 16].find((lanes) => units <= lanes) ?? 32
  return { count, areSubgroup: (subgroups?.min ?? 0) >= count }
}

/**
 * WGSL: the sum of one value of each of the LANES invocations of a row, in all of them. The kernel declares LANES, its
 * invocations SIZE, and `alias Sums`, float32 or a vector. It must be called in uniform control flow.
 */
export function laneSumWgsl({ areSubgroup }: Lanes): string {
  return areSubgroup ? inSubgroupWgsl : inWorkgroupWgsl
}

/** Goes before everything else. */
export function laneSumEnables({ areSubgroup }: Lanes): string {
  return areSubgroup ? 'enable subgroups;\n' : ''
}

const inSubgroupWgsl = /* wgsl */ `
fn lane_sum(value: Sums, local: u32) -> Sums {
  var sum = value;
  for (var distance = 1u; distance < LANES; distance *= 2u) { sum += subgroupShuffleXor(sum, distance); }
  return sum;
}
`

/** In two steps of 4 and of up to 8 additions, as a tree of halves needs a barrier for each. */
const inWorkgroupWgsl = /* wgsl */ `
const PARTS = LANES / 4u;
var<workgroup> lane_values: array<Sums, SIZE>;
var<workgroup> lane_parts: array<Sums, PARTS * (SIZE / LANES)>;

fn lane_sum(value: Sums, local: u32) -> Sums {
  let lane = local % LANES;
  let row = local / LANES;
  lane_values[local] = value;
  workgroupBarrier();
  if (lane < PARTS) {
    var part = Sums();
    for (var i = lane; i < LANES; i += PARTS) { part += lane_values[row * LANES + i]; }
    lane_parts[row * PARTS + lane] = part;
  }
  workgroupBarrier();
  var sum = Sums();
  for (var i = 0u; i < PARTS; i++) { sum += lane_parts[row * PARTS + i]; }
  return sum;
}
`
