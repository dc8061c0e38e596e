/** Finds the likeliest id, and says what was chosen. */
export const likeliestWgsl = /* wgsl */ `
var<workgroup> best_keys: array<u32, SIZE>;
var<workgroup> best_ids: array<u32, SIZE>;
var<private> own_largest: u32;   // key of what this invocation looked at

// The largest key and its id, the lowest of equals, in all invocations; works out the keys and saves them.
fn likeliest(local: u32) -> vec2<u32> {
  var best = vec2(MASKED, 0u);
  for (var first = local; first < dims.vocab_size; first += LOADS * SIZE) {
    var own: array<u32, LOADS>;
    for (var j = 0u; j < LOADS; j++) { own[j] = fresh_key(min(first + j * SIZE, dims.vocab_size - 1u)); }
    for (var j = 0u; j < LOADS; j++) {
      let id = first + j * SIZE;
      if (id >= dims.vocab_size) { break; }
      save_key(id, own[j]);
      if (own[j] > best.x) { best = vec2(own[j], id); }
    }
  }
  own_largest = best.x;
  best_keys[local] = best.x;
  best_ids[local] = best.y;
  storageBarrier();
  workgroupBarrier();
  for (var n = SIZE / 2u; n > 0u; n /= 2u) {
    if (local < n) {
      let key = best_keys[local + n];
      let id = best_ids[local + n];
      if (key > best.x || (key == best.x && id < best.y)) { best = vec2(key, id); }
      best_keys[local] = best.x;
      best_ids[local] = best.y;
    }
    workgroupBarrier();
  }
  return vec2(best_keys[0], best_ids[0]);
}

// One invocation of each row: the id, or -1 if the largest key is none of a number.
fn finish(largest: u32, id: u32) {
  let is_chosen = largest != MASKED && largest < BROKEN;
  ids[row] = select(-1, i32(id), is_chosen);
  if (is_chosen) { count_id(id); }
  if (row == 0u) { advance_counter(); }
}
`

/** Chooses the likeliest id of each row, one workgroup each. */
export const greedyWgsl = /* wgsl */ `
@compute @workgroup_size(SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let index = group.y * groups.x + group.x;
  if (index >= dims.rows) { return; }
  slot = index;
  row = dims.first_row + index;
  let best = likeliest(local);
  if (local == 0u) { finish(best.x, best.y); }
}
`

/** Goes on by one: on its own where several rows read the counter. */
export const advanceWgsl = /* wgsl */ `
@group(0) @binding(0) var<storage, read_write> counter: array<i32>;  // (1)

@compute @workgroup_size(1)
fn main() {
  counter[0] += 1;
}
`
