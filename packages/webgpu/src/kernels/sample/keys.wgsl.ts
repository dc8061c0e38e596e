/*
 * Scores, which are logits after the penalties, as whole numbers: keys are in the order of the scores, and tell masked
 * and broken ones without comparing floats, which WGSL may take to be neither infinite nor NaN.
 */

/** What every kernel of `sample` begins with; bindings and SIZE, its invocations, are declared before it. */
export const keysWgsl = /* wgsl */ `
struct Dims {
  first_row: u32, rows: u32,                    // of this dispatch
  vocab_size: u32,                              // ids that may be chosen
  offset: u32, stride: u32,                     // of the logits
  vocabulary: u32,                              // ids that are counted
  repetition: f32, presence: f32, frequency: f32,
  advance: u32,                                 // what is added to the counter
  inverse_temperature: f32,
  reach: f32,                                   // scores this far below the largest are never drawn
  bins: f32,                                    // of a unit of the score
  top_k: u32,                                   // 0: all
  top_p: u32,                                   // times 2^-32; 0: all
  min_p: f32,
  seed_low: u32, seed_high: u32,
  position_low: u32, position_high: u32,
  id_shift: u32,                                // of the first digit of ids
}

const MASKED = 0u;            // -infinity: never chosen
const BROKEN = 0xff800000u;   // from here on: infinity and NaN
const LOADS = 8u;             // that an invocation has on their way at a time

var<private> slot: u32;   // row within the dispatch
var<private> row: u32;

fn key_of_bits(bits: u32) -> u32 {
  if ((bits & 0x7fffffffu) > 0x7f800000u) { return 0xffffffffu; }
  if (bits == 0xff800000u) { return MASKED; }
  // -0 equals 0.
  let own = select(bits, 0u, bits == 0x80000000u);
  return select(own | 0x80000000u, ~own, own >= 0x80000000u);
}

fn logit_bits(id: u32) -> u32 {
  return logits[dims.offset + row * dims.stride + id];
}
`

/** Where no ids are counted. */
export const noHistoryWgsl = /* wgsl */ `
fn fresh_key(id: u32) -> u32 {
  return key_of_bits(logit_bits(id));
}

fn count_id(id: u32) {}
`

/** Where ids are counted, and penalised as by core's `applyPenalties`. */
export const historyWgsl = /* wgsl */ `
fn fresh_key(id: u32) -> u32 {
  let bits = logit_bits(id);
  let i = row * dims.vocabulary + id;
  let count = generated[i];
  let is_finite = (bits & 0x7f800000u) != 0x7f800000u;
  if (!is_finite || (count == 0 && prompt[i] == 0)) { return key_of_bits(bits); }
  var score = bitcast<f32>(bits);
  // Divisions are not exact, not even those by 1.
  if (dims.repetition != 1.0) { score = select(score * dims.repetition, score / dims.repetition, score > 0.0); }
  if (count > 0) { score -= dims.frequency * f32(count) + dims.presence; }
  return key_of_bits(bitcast<u32>(score));
}

fn count_id(id: u32) {
  generated[row * dims.vocabulary + id] += 1;
}
`

/** Keeps the keys for later passes. */
export const saveKeyWgsl = /* wgsl */ `
fn save_key(id: u32, key: u32) {
  keys[slot * dims.vocab_size + id] = key;
}
`
