import { expOfMinus, softplus } from '../../math/activate'
import { float, int, pointer } from '../../runtime/control'
import { Frame } from './frame'

/**
 * The step sizes and what follows from them for one head, at `size` positions from `row` of (batch · length) on:
 * Δ = softplus(dt + dtBias), Δ |A| with A = −max(f(dA), aFloor), λ Δ and (1 − λ) Δ with λ = σ(trap).
 */
export function coefficients(args: usize, frame: Frame, head: i32, row: i32, size: i32): void {
  const column: usize = head << 2
  const dt = pointer(args, 8) + row * pointer(args, 9) + column
  const dA = pointer(args, 10) + row * pointer(args, 11) + column
  const trap = pointer(args, 12) + row * pointer(args, 13) + column
  const bias = load<f32>(pointer(args, 16) + column)
  for (let t = 0; t < size; t++) {
    const at: usize = t << 2
    store<f32>(frame.steps + at, load<f32>(dt + t * pointer(args, 9)) + bias)
    store<f32>(frame.own + at, load<f32>(trap + t * pointer(args, 13)))
  }
  softplus(frame.steps, frame.steps, size)
  expOfMinus(frame.own, frame.own, size)
  for (let t = 0; t < size; t++) {
    const at: usize = t << 2
    const step = load<f32>(frame.steps + at)
    const lambda: f32 = 1 / (1 + load<f32>(frame.own + at))
    const rate = max<f32>(heavyTail(load<f32>(dA + t * pointer(args, 11))), float(args, 20))
    store<f32>(frame.exponents + at, step * rate)
    store<f32>(frame.own + at, lambda * step)
    store<f32>(frame.shares + at, (1 - lambda) * step)
  }
}

/** f(x) = max(x, 0) + 1 / (1 − min(x, 0)) */
function heavyTail(x: f32): f32 {
  return max<f32>(x, 0) + 1 / (1 - min<f32>(x, 0))
}

/** Makes the running angles ready for a head of a sequence; those that only fill up the last vector do not turn. */
export function loadAngles(args: usize, frame: Frame, tile: i32): void {
  const nAngles = int(args, 37)
  const state = pointer(args, 26) + ((tile * nAngles) << 2)
  const padded = (nAngles + 3) & ~3
  for (let i = 0; i < padded; i++) {
    store<f64>(frame.angles + (i << 3), i < nAngles ? <f64>load<f32>(state + (i << 2)) : 0)
    store<f32>(frame.rates + (i << 2), 0)
  }
}

/** The reverse of {@link loadAngles}. */
export function storeAngles(args: usize, frame: Frame, tile: i32): void {
  const nAngles = int(args, 37)
  const state = pointer(args, 26) + ((tile * nAngles) << 2)
  for (let i = 0; i < nAngles; i++) store<f32>(state + (i << 2), <f32>load<f64>(frame.angles + (i << 3)))
}
