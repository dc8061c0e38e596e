import { int } from '../../runtime/control'
import { scoreRow } from '../state-space/score-row'
import { Frame, keyBytes, rowCapacity } from './frame'

/**
 * From decays and step sizes to the weights of a chunk of `size` positions:
 *
 *   frame.weights       row (t, r), column (s, r′): q · k times L[t, s] w_s for s < t, γ_t for s = t, 0 for s > t
 *   frame.rowDecays     what is left of the state before the chunk at each row
 *   frame.coefficients  L[last, s] w_s of each row (s, r), with which it goes into the state
 *
 * with γ = λ Δ and w_s = γ_s + (1 − λ_{s+1}) Δ_{s+1}. The second term of a call's last position is still to come.
 * @param isLast whether the chunk is the last of the call
 */
export function makeWeights(args: usize, frame: Frame, size: i32, isLast: bool): void {
  const rank = int(args, 32)
  for (let s = 0; s < size; s++) {
    const at: usize = s << 2
    const share: f32 = isLast && s == size - 1 ? 0 : load<f32>(frame.shares + at + 4)
    store<f32>(frame.future + at, load<f32>(frame.own + at) + share)
  }
  for (let t = 0; t < size; t++) {
    setCoefficients(args, frame, t, t)
    const own = load<f32>(frame.own + (t << 2))
    const left = load<f32>(frame.decays + (t << 2))
    for (let r = 0; r < rank; r++) {
      store<f32>(frame.coefficients + ((t * rank + r) << 2), own)
      store<f32>(frame.rowDecays + ((t * rank + r) << 2), left)
    }
    for (let r = 0; r < rank; r++) weightRow(args, frame, t * rank + r, (t + 1) * rank)
  }
  setCoefficients(args, frame, size - 1, size)
}

/** Sets the coefficients of the rows of positions 0 to `count` − 1 to L[t, s] w_s. */
function setCoefficients(args: usize, frame: Frame, t: i32, count: i32): void {
  const rank = int(args, 32)
  const decays = frame.decays + (t + 1) * (((int(args, 38) + 3) & ~3) << 2)
  let to = frame.coefficients
  for (let s: usize = 0; s < (<usize>count) << 2; s += 4) {
    const weight = load<f32>(decays + s) * load<f32>(frame.future + s)
    for (let r = 0; r < rank; r++) {
      store<f32>(to, weight)
      to += 4
    }
  }
}

/** Scores times coefficients for the first `count` columns of a row, and 0 for the others. */
function weightRow(args: usize, frame: Frame, row: i32, count: i32): void {
  const rowBytes: usize = rowCapacity(args) << 2
  const weights = frame.weights + row * rowBytes
  scoreRow(frame.q + row * keyBytes(args), frame.k, keyBytes(args), count, int(args, 36), weights)
  let column: usize = 0
  for (; column < (<usize>count) << 2; column += 16) {
    const coefficients = v128.load(frame.coefficients + column)
    v128.store(weights + column, f32x4.mul(v128.load(weights + column), coefficients))
  }
  for (column = count << 2; column < rowBytes; column += 4) store<f32>(weights + column, 0)
}
