/**
 * How workgroups of one dispatch wait for each other. WGSL does not promise that they make progress together, so a
 * device is asked first, by a rehearsal with this very kernel; and waiting is bounded.
 */
export const gridWgsl = /* wgsl */ `
// Words of 'exchange': workgroups that arrived, that left, and whether one waited in vain.
const ARRIVED = 0u;
const LEFT = 1u;
const FAILED = 2u;
const PATIENCE = 4000000u;  // looks: about a second

var<private> meetings: u32 = 0u;

fn put(place: u32, value: f32) {
  atomicStore(&exchange[place], bitcast<u32>(value));
}

fn taken(place: u32) -> f32 {
  return bitcast<f32>(atomicLoad(&exchange[place]));
}

// Returns when all workgroups have arrived.
fn meet(local: u32) {
  meetings++;
  storageBarrier();
  workgroupBarrier();
  if (local == 0u) {
    atomicAdd(&exchange[ARRIVED], 1u);
    var looks = 0u;
    while (atomicLoad(&exchange[ARRIVED]) < meetings * WORKGROUPS && looks < PATIENCE) {
      looks++;
      if (looks % 1024u == 0u && atomicLoad(&exchange[FAILED]) != 0u) { looks = PATIENCE; }
    }
    if (looks == PATIENCE) { atomicStore(&exchange[FAILED], 1u); }
  }
  workgroupBarrier();
  storageBarrier();
}

// The last workgroup makes the counters ready for the next dispatch.
fn leave(workgroup: u32, local: u32) {
  if (local == 0u) {
    // What was computed without all others is worth nothing, and must not look like something.
    if (atomicLoad(&exchange[FAILED]) != 0u) { logits[workgroup] = bitcast<f32>(0x7fc00000u + atomicLoad(&exchange[FAILED]) - 1u); }
    if (atomicAdd(&exchange[LEFT], 1u) == WORKGROUPS - 1u) {
      atomicStore(&exchange[ARRIVED], 0u);
      atomicStore(&exchange[LEFT], 0u);
    }
  }
}
`
