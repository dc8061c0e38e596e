/**
 * Turning the continuous system h′(t) = a h(t) + b x(t) into a recurrence over samples, with step size Δ.
 *
 * A state matrix is diagonal in all of the Mamba family, so each rule is a function of one entry a of the
 * diagonal, the matching b, and Δ > 0. Which rule a model was trained with is part of the model: a more exact
 * one gives wrong results.
 */

/** One step of a discretised system: hₜ = aBar hₜ₋₁ + bBar xₜ. */
export interface DiscreteStep {
  readonly aBar: number
  readonly bBar: number
}

/** One step of the exponential-trapezoidal rule: hₜ = alpha hₜ₋₁ + beta bₜ₋₁ xₜ₋₁ + gamma bₜ xₜ. */
export interface TrapezoidalStep {
  readonly alpha: number
  readonly beta: number
  readonly gamma: number
}

/** Forward Euler: Ā = 1 + Δa, B̄ = Δb. First order; unstable when Δ|a| > 2. */
export function euler(a: number, b: number, delta: number): DiscreteStep {
  return { aBar: 1 + delta * a, bBar: delta * b }
}

/** Backward Euler: Ā = 1 / (1 − Δa), B̄ = Ā Δb. First order; stable for every a < 0. */
export function backwardEuler(a: number, b: number, delta: number): DiscreteStep {
  const aBar = 1 / (1 - delta * a)
  return { aBar, bBar: aBar * delta * b }
}

/**
 * Bilinear (Tustin): Ā = (1 + Δa/2) / (1 − Δa/2), B̄ = Δb / (1 − Δa/2).
 * Second order; stable for every a < 0. The rule of S4 (Gu et al. 2021, arXiv:2111.00396).
 */
export function bilinear(a: number, b: number, delta: number): DiscreteStep {
  const denominator = 1 - (delta * a) / 2
  return { aBar: (1 + (delta * a) / 2) / denominator, bBar: (delta * b) / denominator }
}

/**
 * Zero-order hold: Ā = e^{Δa}, B̄ = (e^{Δa} − 1)/a · b, and Δb at a = 0.
 * Exact when x is constant over each step (Gu & Dao 2023, arXiv:2312.00752, equation 4).
 */
export function zeroOrderHold(a: number, b: number, delta: number): DiscreteStep {
  // expm1 keeps the digits that e^{Δa} − 1 loses when Δa is small.
  const held = a === 0 ? delta : Math.expm1(delta * a) / a
  return { aBar: Math.exp(delta * a), bBar: held * b }
}

/**
 * The rule of Mamba and Mamba-2: Ā = e^{Δa} as in zero-order hold, B̄ = Δb as in Euler's rule.
 *
 * The paper gives zero-order hold for both; the official code (`selective_scan_ref`) has always used this.
 */
export function mambaRule(a: number, b: number, delta: number): DiscreteStep {
  return { aBar: Math.exp(delta * a), bBar: delta * b }
}

/**
 * The rule of Mamba-3 (Lahoti et al. 2026, arXiv:2603.15569): the input's integral over a step is a weighted
 * mean of its two ends, α = e^{Δa}, β = (1 − λ) Δ α, γ = λ Δ.
 *
 * λ = ½ is the trapezoidal rule, of second order; λ = 1 is the rule of Mamba.
 * @param lambda weight of the newer end, from 0 to 1; the model computes it for every token
 */
export function exponentialTrapezoidal(a: number, delta: number, lambda: number): TrapezoidalStep {
  const alpha = Math.exp(delta * a)
  return { alpha, beta: (1 - lambda) * delta * alpha, gamma: lambda * delta }
}
