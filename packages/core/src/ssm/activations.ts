/** Logistic function: σ(x) = 1 / (1 + e⁻ˣ). */
export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x))
}

/** Sigmoid linear unit, also called swish: silu(x) = x σ(x). */
export function silu(x: number): number {
  return x / (1 + Math.exp(-x))
}

/**
 * softplus(x) = log(1 + eˣ), and x itself above 20.
 *
 * The threshold is that of PyTorch and of the official kernels. It keeps eˣ finite, and is part of the
 * definition: log(1 + e²¹) differs from 21 by 8e-10.
 */
export function softplus(x: number): number {
  return x > 20 ? x : Math.log1p(Math.exp(x))
}

/** Squared rectifier: relu2(x) = max(x, 0)². */
export function relu2(x: number): number {
  return x > 0 ? x * x : 0
}

/**
 * Gaussian error linear unit in its exact form: gelu(x) = x Φ(x), with Φ the standard normal distribution
 * function, ½ (1 + erf(x / √2)). The absolute error is below 1e-15 (1 + |x|).
 */
export function gelu(x: number): number {
  return x * normalDistribution(x)
}

/** Beyond this, the power series of Φ loses digits and the continued fraction converges fast. */
const TAIL = 3

function normalDistribution(x: number): number {
  if (x >= TAIL) {
    return 1 - normalTail(x)
  }
  if (x <= -TAIL) {
    return normalTail(-x)
  }
  // Φ(x) = ½ + φ(x) (x + x³/3 + x⁵/(3·5) + x⁷/(3·5·7) + …)
  let term = x
  let sum = x
  for (let odd = 3; Math.abs(term) > 1e-17 * Math.abs(sum); odd += 2) {
    term *= (x * x) / odd
    sum += term
  }
  return 0.5 + normalDensity(x) * sum
}

/** 1 − Φ(x) for x ≥ TAIL, by Laplace's continued fraction: φ(x) / (x + 1/(x + 2/(x + 3/(x + …)))). */
function normalTail(x: number): number {
  let denominator = x
  for (let n = 60; n >= 1; n--) {
    denominator = x + n / denominator
  }
  return normalDensity(x) / denominator
}

/** φ(x) = e^(−x²/2) / √(2π) */
function normalDensity(x: number): number {
  return Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)
}
