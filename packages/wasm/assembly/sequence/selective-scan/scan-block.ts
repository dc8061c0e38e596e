import { constant, DECAY } from '../../math/constants'
import { madd } from '../../math/madd'
import { updateState } from './update-state'

/**
 * The selective scan of four channels, one in each lane, with all that is theirs in scratch memory:
 * hₜ[n] = 2^(Δₜ A[n] log₂ e) hₜ₋₁[n] + xₜ Bₜ[n], yₜ = Σₙ Cₜ[n] hₜ[n], where xₜ = Δₜ uₜ.
 * @param steps Δ, one vector at every `stride` bytes
 * @param inputs x, likewise
 * @param A (dState) vectors
 * @param B (length, dState), f32, the same for all channels
 * @param bStride bytes from one position of B to the next
 * @param C as B
 * @param h (dState) vectors
 * @param y as steps; written
 */
export function scanBlock(
  steps: usize,
  inputs: usize,
  stride: usize,
  A: usize,
  B: usize,
  bStride: usize,
  C: usize,
  cStride: usize,
  h: usize,
  y: usize,
  length: i32,
  dState: i32,
): void {
  const log2e = constant(DECAY, 0)
  const lowest = constant(DECAY, 1)
  const rounding = constant(DECAY, 2)
  const c5 = constant(DECAY, 3)
  const c4 = constant(DECAY, 4)
  const c3 = constant(DECAY, 5)
  const c2 = constant(DECAY, 6)
  const c1 = constant(DECAY, 7)
  for (let t = 0; t < length; t++) {
    const x = v128.load(inputs)
    const step = f32x4.mul(v128.load(steps), log2e)
    let sum = f32x4.splat(0)
    for (let n = 0; n < dState; n++) {
      const at: usize = n << 4
      const b = v128.load32_splat(B + (n << 2))
      const power = f32x4.mul(step, v128.load(A + at))
      const state = updateState(v128.load(h + at), power, x, b, lowest, rounding, c5, c4, c3, c2, c1)
      v128.store(h + at, state)
      sum = madd(v128.load32_splat(C + (n << 2)), state, sum)
    }
    v128.store(y, sum)
    steps += stride
    inputs += stride
    y += stride
    B += bStride
    C += cStride
  }
}
