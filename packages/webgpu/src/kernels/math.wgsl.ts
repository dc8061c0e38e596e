/**
 * Functions that several kernels share. WGSL guarantees `log` only to an absolute error, and `exp` to a few units that
 * grow with its argument; where float32 accuracy needs more, it is done here.
 */
export const mathWgsl = /* wgsl */ `
fn sigmoid(x: f32) -> f32 {
  // exp of a value that is not positive: no overflow on either side.
  let e = exp(-abs(x));
  return select(e, 1.0, x >= 0.0) / (1.0 + e);
}

fn silu(x: f32) -> f32 {
  return x * sigmoid(x);
}

// log(1 + eˣ) = max(x, 0) + log(1 + e), e = exp(−|x|), by log(1 + e) = 2 artanh(e / (2 + e)); error below 1e-6.
fn softplus(x: f32) -> f32 {
  if (x > 20.0) { return x; }
  let e = exp(-abs(x));
  let s = e / (2.0 + e);
  let q = s * s;
  let series = 1.0 + q * (1.0 / 3.0 + q * (1.0 / 5.0 + q * (1.0 / 7.0 + q * (1.0 / 9.0 + q * (1.0 / 11.0 + q / 13.0)))));
  return max(x, 0.0) + 2.0 * s * series;
}
`

/**
 * gelu(x) = x Φ(x): Φ(−|x|) = e^(−x²/2) w P(w) with w = 1 / (1 + 0.35 |x|), and Φ(|x|) = 1 − Φ(−|x|). The polynomial's
 * error is 2.2e-7 |x|.
 */
export const geluWgsl = /* wgsl */ `
fn gelu(x: f32) -> f32 {
  let w = 1.0 / (1.0 + 0.35 * abs(x));
  var p = -0.029145918;
  p = p * w + 0.143971643;
  p = p * w - 0.255714155;
  p = p * w + 0.159174058;
  p = p * w - 0.0231097581;
  p = p * w + 0.105507972;
  p = p * w + 0.119832874;
  p = p * w + 0.139861866;
  p = p * w + 0.139621402;
  let tail = exp(-0.5 * x * x) * w * p;
  return x * select(1.0 - tail, tail, x < 0.0);
}
`
