/** The phases of a step; between two of them all workgroups meet. What a phase can ask for early has a function too. */
export const phasesWgsl = /* wgsl */ `
fn embed(local: u32) {
  let id = min(u32(ids[0]), dims.vocabulary - 1u);
  for (var chunk = local; chunk < D_MODEL / CHUNK; chunk += SIZE) {
    let bits = weights[dims.embedding + id * (D_MODEL / CHUNK) + chunk];
    let scale = scale_of(dims.embedding_scales, id, chunk, D_MODEL / CHUNK);
    for (var quad = 0u; quad < QUADS; quad++) {
      let values = scale * expand(bits, quad);
      for (var i = 0u; i < 4u; i++) { residual[chunk * CHUNK + 4u * quad + i] = values[i]; }
    }
  }
  workgroupBarrier();
}

// [x | z] = W_in norm(residual), and u = silu(conv(x)) right away: whoever has x of a channel has its past too.
fn input_bits(workgroup: u32, local: u32, first: u32) -> Bits {
  let row = min(local / LANES * WORKGROUPS + workgroup, 2u * D_INNER - 1u);
  return bits_of(table[first + 1u], row, D_MODEL / CHUNK, local % LANES, LANES);
}

fn project_in(workgroup: u32, local: u32, first: u32, must_take: bool, first_bits: Bits) {
  let factor = stage_normed(local, table[first], must_take);
  let matrix = table[first + 1u];
  let lane = local % LANES;
  for (var start = 0u; start < 2u * D_INNER; start += SUBGROUPS * WORKGROUPS) {
    let row = start + local / LANES * WORKGROUPS + workgroup;
    let past = table[first + 13u] + row * PAST;
    var window = array<f32, TAPS>();
    var taps = array<f32, TAPS>();
    var bias = 0.0;
    var partial = 0.0;
    if (row < D_INNER) {
      for (var k = 0u; k < PAST; k++) { window[k] = state[past + k]; }
      for (var k = 0u; k < TAPS; k++) { taps[k] = word_at(table[first + 3u] + row * TAPS + k); }
      if (HAS_CONV_BIAS) { bias = word_at(table[first + 4u] + row); }
    }
    if (row < 2u * D_INNER) {
      var bits = first_bits;
      if (start > 0u) { bits = bits_of(matrix, row, D_MODEL / CHUNK, lane, LANES); }
      partial = partial_row(bits, matrix, table[first + 2u], row, D_MODEL / CHUNK, lane, LANES);
    }
    let value = factor * subgroupAdd(partial);
    if (lane == 0u && row < D_INNER) {
      window[PAST] = value;
      var sum = bias;
      for (var k = 0u; k < TAPS; k++) { sum += taps[k] * window[k]; }
      put(U + row, silu(sum));
      for (var k = 0u; k < PAST; k++) { state[past + k] = window[k + 1u]; }
    } else if (lane == 0u && row < 2u * D_INNER) {
      put(Z + row - D_INNER, value);
    }
  }
}

// [δ | B | C] = W_x u, a row to a workgroup.
const SELECTED = DT_RANK + 2u * D_STATE;

fn selection_bits(workgroup: u32, local: u32, first: u32) -> Bits {
  return bits_of(table[first + 5u], min(workgroup, SELECTED - 1u), D_INNER / CHUNK, local, SIZE);
}

fn select_parameters(workgroup: u32, local: u32, first: u32, first_bits: Bits) {
  let matrix = table[first + 5u];
  stage_inner(local, U);
  for (var start = 0u; start < SELECTED; start += WORKGROUPS) {
    let row = start + workgroup;
    var partial = 0.0;
    if (row < SELECTED) {
      var bits = first_bits;
      if (start > 0u) { bits = bits_of(matrix, row, D_INNER / CHUNK, local, SIZE); }
      partial = partial_row(bits, matrix, table[first + 6u], row, D_INNER / CHUNK, local, SIZE);
    }
    let sum = sum_of_workgroup(local, partial);
    if (local == 0u && row < SELECTED) { put(SELECTION + row, sum); }
  }
}

// residual ← residual + W_out y: PARTS subgroups a row.
const ROWS_AT_A_TIME = SUBGROUPS / PARTS * WORKGROUPS;

fn output_bits(workgroup: u32, local: u32, first: u32) -> Bits {
  let subgroup = local / LANES;
  let row = min(subgroup / PARTS * WORKGROUPS + workgroup, D_MODEL - 1u);
  return bits_of(table[first + 11u], row, D_INNER / CHUNK, subgroup % PARTS * LANES + local % LANES, PARTS * LANES);
}

fn project_out(workgroup: u32, local: u32, first: u32, first_bits: Bits) {
  let matrix = table[first + 11u];
  let subgroup = local / LANES;
  let lane = local % LANES;
  stage_inner(local, Y);
  for (var start = 0u; start < D_MODEL; start += ROWS_AT_A_TIME) {
    let row = start + subgroup / PARTS * WORKGROUPS + workgroup;
    let part = subgroup % PARTS;
    var partial = 0.0;
    if (row < D_MODEL) {
      var bits = first_bits;
      if (start > 0u) { bits = bits_of(matrix, row, D_INNER / CHUNK, part * LANES + lane, PARTS * LANES); }
      partial = partial_row(bits, matrix, table[first + 12u], row, D_INNER / CHUNK, part * LANES + lane, PARTS * LANES);
    }
    let of_subgroup = subgroupAdd(partial);
    workgroupBarrier();
    if (lane == 0u) { sums[subgroup] = of_subgroup; }
    workgroupBarrier();
    if (row < D_MODEL && part == 0u && lane == 0u) {
      var sum = residual[row];
      for (var i = 0u; i < PARTS; i++) { sum += sums[subgroup + i]; }
      put(X + row, sum);
    }
  }
}

fn project_to_vocabulary(workgroup: u32, local: u32) {
  let factor = stage_normed(local, dims.head_norm, dims.layers > 0u);
  let lane = local % LANES;
  // Two rows at a time, so that more is on its way.
  for (var start = 0u; start < dims.vocabulary; start += 2u * SUBGROUPS * WORKGROUPS) {
    let row = start + local / LANES * WORKGROUPS + workgroup;
    let other = row + SUBGROUPS * WORKGROUPS;
    let one_bits = bits_of(dims.head, min(row, dims.vocabulary - 1u), D_MODEL / CHUNK, lane, LANES);
    let two_bits = bits_of(dims.head, min(other, dims.vocabulary - 1u), D_MODEL / CHUNK, lane, LANES);
    var one = 0.0;
    var two = 0.0;
    if (row < dims.vocabulary) { one = partial_row(one_bits, dims.head, dims.head_scales, row, D_MODEL / CHUNK, lane, LANES); }
    if (other < dims.vocabulary) { two = partial_row(two_bits, dims.head, dims.head_scales, other, D_MODEL / CHUNK, lane, LANES); }
    one = factor * subgroupAdd(one);
    two = factor * subgroupAdd(two);
    if (lane == 0u) {
      if (row < dims.vocabulary) { logits[row] = one; }
      if (other < dims.vocabulary) { logits[other] = two; }
    }
  }
}
`
