/** Draws an id of each row, one workgroup each. */
export const drawWgsl = /* wgsl */ `
const LANES = 32u;   // invocations that read neighbouring ids

// The first id, in ascending order, at which the summed weight reaches the drawn one: a group of invocations sums up each
// of several ranges of ids, and the range of the id is divided again, until it is the id alone.
fn draw_from_all(local: u32) -> u32 {
  var start = 0u;
  var end = dims.vocab_size;
  var wanted = vec2(0u);
  var span = dims.vocab_size;
  loop {
    let lanes = select(1u, LANES, span > SIZE);
    let groups = SIZE / lanes;
    let part = (span + groups - 1u) / groups;
    let begin = start + local / lanes * part;
    let to = min(begin + part, end);
    var sum = vec2(0u);
    for (var first = begin + local % lanes; first < to; first += LOADS * lanes) {
      var own = load_keys(first, lanes, to);
      for (var j = 0u; j < LOADS; j++) {
        let weight = weight_of(own[j]);
        if (weight >= dims.min_p) { sum = plus(sum, vec2(units(weight), 0u)); }
      }
    }
    set_node(SIZE + local, sum);
    add_up(local);
    if (span == dims.vocab_size) { wanted = drawn_of(node(1u)); }
    start += find(&wanted, groups) * part;
    end = min(start + part, end);
    workgroupBarrier();
    if (part == 1u) { break; }
    span = part;
  }
  return start;
}

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
  random = random_word(position());
  let best = likeliest(local);
  top = score_of(best.x);
  last = vec2(0xffffffffu);
  var id: u32;
  if (dims.top_k > 0u || dims.top_p > 0u) {
    collect(local);
    // One call of a large function.
    for (var purpose = TOP_K; purpose <= DRAW; purpose++) {
      if ((purpose == TOP_K && dims.top_k == 0u) || (purpose == TOP_P && dims.top_p == 0u)) { continue; }
      last = place_of(local, purpose);
    }
    id = last.y;
  } else {
    id = draw_from_all(local);
  }
  if (local == 0u) { finish(best.x, id); }
}
`
