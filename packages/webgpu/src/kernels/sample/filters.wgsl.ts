/**
 * Top-k and top-p, and the draw from what they leave. Two passes over the row find candidates, few ids that contain all
 * that may be kept; the rest looks at these only.
 */
export const filtersWgsl = /* wgsl */ `
const DIGIT = firstTrailingBit(SIZE);   // bits of a digit: a leaf for each value

// What a place among the candidates is to be found for.
const TOP_K = 0u;
const TOP_P = 1u;
const DRAW = 2u;

var<workgroup> found: atomic<u32>;   // candidates
var<private> whole: vec2<u32>;       // the sum of all ids, for top-k or top-p
// The last that is kept, by rank, which is ~key, and then by id.
var<private> last: vec2<u32>;

// What a candidate adds to the sum in which a place is looked for.
fn amount(key: u32, id: u32, purpose: u32) -> u32 {
  let is_kept = ~key < last.x || (~key == last.x && id <= last.y);
  let weight = weight_of(key);
  if (!is_kept || (purpose == DRAW && weight < dims.min_p)) { return 0u; }
  return select(units(weight), min(units(weight), 1u), purpose == TOP_K);
}

// The sum that the place reaches.
fn wanted_of(total: vec2<u32>, purpose: u32) -> vec2<u32> {
  if (purpose == TOP_K) { return vec2(dims.top_k, 0u); }
  if (purpose == DRAW) { return drawn_of(total); }
  let share = share_of(total, dims.top_p);
  return plus(share.xy, vec2(share.z, 0u));
}

// Collects the ids that top-k, or else top-p, may keep: up to the bin in which the sum is reached. Of the largest keys of
// the invocations, the one at rank k is no larger than that at rank k of all.
fn collect(local: u32) {
  set_node(SIZE + local, vec2(0u));
  if (local == 0u) { atomicStore(&found, 0u); }
  workgroupBarrier();
  let purpose = select(TOP_P, TOP_K, dims.top_k > 0u);
  if (purpose == TOP_K && dims.top_k <= SIZE) {
    if (units(weight_of(own_largest)) > 0u) { add_to_leaf(bin_of(own_largest), 1u); }
  } else {
    for (var first = local; first < dims.vocab_size; first += LOADS * SIZE) {
      var own = load_keys(first, SIZE, dims.vocab_size);
      for (var j = 0u; j < LOADS; j++) {
        let more = amount(own[j], 0u, purpose);
        if (more > 0u) { add_to_leaf(bin_of(own[j]), more); }
      }
    }
  }
  add_up(local);
  whole = node(1u);
  var wanted = wanted_of(whole, purpose);
  let is_reached = reaches(whole, wanted);
  let bin = select(SIZE - 1u, find(&wanted, SIZE), is_reached);
  for (var first = local; first < dims.vocab_size; first += LOADS * SIZE) {
    var own = load_keys(first, SIZE, dims.vocab_size);
    for (var j = 0u; j < LOADS; j++) {
      if (own[j] != MASKED && bin_of(own[j]) <= bin) {
        candidates[slot * dims.vocab_size + atomicAdd(&found, 1u)] = vec2(own[j], first + j * SIZE);
      }
    }
  }
  storageBarrier();
  workgroupBarrier();
}

// Rank and id at which the candidates add up to what is wanted: by rank for top-k, which keeps equals, by rank and id
// for top-p, and by id for the draw. Digit after digit, the highest first.
fn place_of(local: u32, purpose: u32) -> vec2<u32> {
  let count = atomicLoad(&found);
  var place = vec2(0u);
  var known = vec2(0u);   // which bits of place are
  var wanted = vec2(0u);
  var is_reached = true;
  let last_word = select(1u, 0u, purpose == TOP_K);
  for (var word = select(0u, 1u, purpose == DRAW); word <= last_word; word++) {
    var shift = select(dims.id_shift, 32u - DIGIT, word == 0u);
    loop {
      set_node(SIZE + local, vec2(0u));
      workgroupBarrier();
      for (var i = local; i < count; i += SIZE) {
        let candidate = candidates[slot * dims.vocab_size + i];
        let order = vec2(~candidate.x, candidate.y);
        if (all(((order ^ place) & known) == vec2(0u))) {
          add_to_leaf((order[word] >> shift) & (SIZE - 1u), amount(candidate.x, candidate.y, purpose));
        }
      }
      add_up(local);
      if (all(known == vec2(0u))) {
        // Top-p is a share of what top-k left, which are all candidates, or of all ids.
        let total = select(node(1u), whole, purpose == TOP_P && dims.top_k == 0u);
        wanted = wanted_of(total, purpose);
        is_reached = reaches(node(1u), wanted);
      }
      place[word] |= find(&wanted, SIZE) << shift;
      known[word] = 0xffffffffu << shift;
      workgroupBarrier();
      if (shift == 0u) { break; }
      shift -= min(shift, DIGIT);
    }
  }
  if (purpose == TOP_K) { place.y = 0xffffffffu; }
  return select(last, place, is_reached);
}
`
