import { softplus } from '@mamba/core/ssm'

/**
 * What a projection must give for the step sizes `delta` after bias and softplus.
 * @param delta (…, bias.length), > 0
 */
export function rawStepSizes(delta: Float32Array, bias: Float32Array): Float32Array {
  return delta.map((step, i) => inverseSoftplus(step) - bias[i % bias.length]!)
}

/** Δ = clamp(softplus(raw + bias), limit) in float64; raw is (…, bias.length). */
export function stepSizesOf(
  raw: Float32Array,
  bias: Float32Array,
  [smallest, largest]: readonly [number, number] = [0, Number.POSITIVE_INFINITY],
): Float64Array {
  return Float64Array.from(raw, (value, i) =>
    Math.min(Math.max(softplus(value + bias[i % bias.length]!), smallest), largest),
  )
}

function inverseSoftplus(y: number): number {
  return y > 20 ? y : Math.log(Math.expm1(y))
}
