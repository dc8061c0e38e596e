/**
 * Sums of one whole number of 64 bits, (low, high), for each invocation: the same in whatever order they are added, so
 * that atomics may do it. Node i of a tree holds the sum of nodes 2i and 2i + 1; leaves are nodes SIZE to 2 SIZE − 1.
 */
export const sumsWgsl = /* wgsl */ `
var<workgroup> low: array<atomic<u32>, 2u * SIZE>;
var<workgroup> high: array<atomic<u32>, 2u * SIZE>;

fn plus(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  let sum = a.x + b.x;
  return vec2(sum, a.y + b.y + select(0u, 1u, sum < a.x));
}

fn minus(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  return vec2(a.x - b.x, a.y - b.y - select(0u, 1u, a.x < b.x));
}

fn reaches(a: vec2<u32>, b: vec2<u32>) -> bool {
  return a.y > b.y || (a.y == b.y && a.x >= b.x);
}

// a · share · 2^-32, rounded down, and whether something was lost by that.
fn share_of(a: vec2<u32>, share: u32) -> vec3<u32> {
  let lower = multiply(a.x, share);
  let sum = plus(multiply(a.y, share), vec2(lower.y, 0u));
  return vec3(sum, select(0u, 1u, lower.x > 0u));
}

// The sum at which the drawn id is reached: the first above the random share of the whole.
fn drawn_of(total: vec2<u32>) -> vec2<u32> {
  return plus(share_of(total, random).xy, vec2(1u, 0u));
}

fn node(i: u32) -> vec2<u32> {
  return vec2(atomicLoad(&low[i]), atomicLoad(&high[i]));
}

fn set_node(i: u32, value: vec2<u32>) {
  atomicStore(&low[i], value.x);
  atomicStore(&high[i], value.y);
}

fn add_to_leaf(leaf: u32, amount: u32) {
  let before = atomicAdd(&low[SIZE + leaf], amount);
  if (before + amount < before) { atomicAdd(&high[SIZE + leaf], 1u); }
}

// Sums up the leaves; all invocations see the tree afterwards.
fn add_up(local: u32) {
  workgroupBarrier();
  for (var n = SIZE / 2u; n > 0u; n /= 2u) {
    if (local < n) {
      let i = n + local;
      set_node(i, plus(node(2u * i), node(2u * i + 1u)));
    }
    workgroupBarrier();
  }
}

// Which of count equal groups of leaves is the first to bring the sum to what is wanted, at most the sum of all; wanted
// becomes what the groups before it leave of it.
fn find(wanted: ptr<function, vec2<u32>>, count: u32) -> u32 {
  var i = 1u;
  while (i < count) {
    i *= 2u;
    let left = node(i);
    if (!reaches(left, *wanted)) {
      *wanted = minus(*wanted, left);
      i++;
    }
  }
  return i - count;
}
`
