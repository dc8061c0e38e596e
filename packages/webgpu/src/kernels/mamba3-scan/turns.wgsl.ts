/**
 * Angles as 32-bit fractions of a turn. They add up exactly, in any order and over any number of positions, and whole
 * turns fall away by themselves. The state keeps them in radians, as float32.
 */
export const turnsWgsl = /* wgsl */ `
// The fraction of x turns.
fn turns(x: f32) -> u32 {
  let rest = x - round(x);
  let size = u32(round(abs(rest) * 4294967296.0));
  return select(size, 0u - size, rest < 0.0);
}

// By how much an angle turns in a step: π tanh(rate) Δ radians.
fn turn_of(rate: f32, step: f32) -> u32 {
  return turns(0.5 * hyperbolic_tangent(rate) * step);
}

fn hyperbolic_tangent(x: f32) -> f32 {
  // Both keep the digits of their numerators: the series for small x, the quotient for others.
  let q = x * x;
  if (q < 0.0625) { return x + x * q * (-1.0 / 3.0 + q * (2.0 / 15.0 + q * (-17.0 / 315.0 + q * (62.0 / 2835.0)))); }
  let e = exp(-2.0 * abs(x));
  return sign(x) * ((1.0 - e) / (1.0 + e));
}

// The upper 32 bits of a product.
fn multiply_high(a: u32, b: u32) -> u32 {
  let a0 = a & 0xffffu;
  let a1 = a >> 16u;
  let b0 = b & 0xffffu;
  let b1 = b >> 16u;
  let middle = a1 * b0 + ((a0 * b0) >> 16u);
  let other = a0 * b1 + (middle & 0xffffu);
  return a1 * b1 + (middle >> 16u) + (other >> 16u);
}

// From radians by whole numbers, as a product of float32 would lose bits: first to units of 2⁻²⁹ radians, of which
// 2³² are 8 / 2π = 1 + 1173554909 / 2³² turns.
fn turns_of_radians(angle: f32) -> u32 {
  var rest = angle;
  if (!(angle >= 0.0 && angle < 6.2831855)) { rest = angle - 6.2831855 * floor(angle / 6.2831855); }
  let units = u32(round(clamp(rest, 0.0, 7.0) * 536870912.0));
  return units + multiply_high(units, 1173554909u);
}

// From 0 to below 2π.
fn radians_of_turns(angle: u32) -> f32 {
  return min(f32(multiply_high(angle, 3373259426u)) * 1.862645149230957e-9, 6.283185);
}

// Cosine and sine. Whole quarters are taken off; polynomials for the rest, at most π/4, are off by less than 1.2e-7.
fn cos_sin(angle: u32) -> vec2<f32> {
  let quarters = (angle + 0x20000000u) >> 30u;
  let r = f32(bitcast<i32>(angle - (quarters << 30u))) * 1.4629180792671596e-9;
  let q = r * r;
  let sine = r + r * q * (-0.166666549 + q * (0.00833217699 - q * 1.95171378e-4));
  let cosine = 1.0 - 0.5 * q + q * q * (0.0416666468 + q * (-0.0013887366 + q * 2.44382713e-5));
  switch quarters {
    case 0u: { return vec2<f32>(cosine, sine); }
    case 1u: { return vec2<f32>(-sine, cosine); }
    case 2u: { return vec2<f32>(-cosine, -sine); }
    default: { return vec2<f32>(sine, -cosine); }
  }
}
`

/** The step of a position, and how it is weighted. */
export const trapezoidWgsl = /* wgsl */ `
// |A| = max(f(dd_a), floor), f(x) = max(x, 0) + 1 / (1 − min(x, 0)).
fn decay_rate(dd_a: f32, smallest: f32) -> f32 {
  return max(max(dd_a, 0.0) + 1.0 / (1.0 - min(dd_a, 0.0)), smallest);
}

// γ = λ Δ, λ = σ(trap): the weight of a position in its own step.
fn own_weight(trap: f32, step: f32) -> f32 {
  return sigmoid(trap) * step;
}

// (1 − λ) Δ: that of the position before.
fn earlier_weight(trap: f32, step: f32) -> f32 {
  return sigmoid(-trap) * step;
}
`
