import { add } from '../../elementwise/arithmetic'
import { expOfMinus } from '../../math/activate'
import { madd } from '../../math/madd'
import { turn } from '../../math/sin-cos'
import { int, pointer } from '../../runtime/control'
import { Frame, keyBytes } from './frame'

/**
 * The queries and keys of one head at position `t` of a chunk, `row` of (batch · length): C and B of its group with
 * bias, for every rank, rotated by the angles φ ← (φ + π tanh(angles) Δ) mod 2π.
 */
export function rotatedRows(args: usize, frame: Frame, head: i32, row: i32, t: i32): void {
  const rank = int(args, 32)
  const dState = int(args, 36)
  const nGroups = int(args, 35)
  const nAngles = int(args, 37)
  turnRates(pointer(args, 14) + row * pointer(args, 15), frame.rates, nAngles)
  const step = load<f32>(frame.steps + (t << 2))
  turn(frame.angles, frame.rates, step, (nAngles + 3) & ~3, frame.cosines, frame.sines)
  const group = head / (int(args, 33) / nGroups)
  for (let r = 0; r < rank; r++) {
    const from: usize = ((r * nGroups + group) * dState) << 2
    const bias: usize = ((head * rank + r) * dState) << 2
    const to = (t * rank + r) * keyBytes(args)
    add(pointer(args, 4) + row * pointer(args, 5) + from, pointer(args, 17) + bias, frame.k + to, dState)
    add(pointer(args, 6) + row * pointer(args, 7) + from, pointer(args, 18) + bias, frame.q + to, dState)
    rotate(args, frame, frame.k + to)
    rotate(args, frame, frame.q + to)
  }
}

/** rates = π tanh(angles), by tanh |a| = (1 − e) / (1 + e) with e = e^(−2 |a|). */
function turnRates(angles: usize, rates: usize, nAngles: i32): void {
  for (let i = 0; i < nAngles; i++) {
    store<f32>(rates + (i << 2), 2 * abs<f32>(load<f32>(angles + (i << 2))))
  }
  expOfMinus(rates, rates, nAngles)
  for (let i = 0; i < nAngles; i++) {
    const e = load<f32>(rates + (i << 2))
    const tanh = copysign<f32>((1 - e) / (1 + e), load<f32>(angles + (i << 2)))
    store<f32>(rates + (i << 2), <f32>Math.PI * tanh)
  }
}

/** Rotates the pairs of a row: (2i, 2i + 1), or with MIMO (i, i + dState / 2). */
function rotate(args: usize, frame: Frame, row: usize): void {
  const nAngles = int(args, 37)
  const isMimo = pointer(args, 21) != 0
  const next: usize = isMimo ? 4 : 8
  const second: usize = isMimo ? (<usize>(int(args, 36) >> 1)) << 2 : 4
  let i = 0
  for (; i + 4 <= nAngles; i += 4) {
    const at = row + i * next
    const cosine = v128.load(frame.cosines + (i << 2))
    const sine = v128.load(frame.sines + (i << 2))
    if (isMimo) {
      const x = v128.load(at)
      const y = v128.load(at + second)
      v128.store(at, f32x4.sub(f32x4.mul(x, cosine), f32x4.mul(y, sine)))
      v128.store(at + second, madd(x, sine, f32x4.mul(y, cosine)))
    } else {
      const low = v128.load(at)
      const high = v128.load(at, 16)
      const x = v128.shuffle<f32>(low, high, 0, 2, 4, 6)
      const y = v128.shuffle<f32>(low, high, 1, 3, 5, 7)
      const turnedX = f32x4.sub(f32x4.mul(x, cosine), f32x4.mul(y, sine))
      const turnedY = madd(x, sine, f32x4.mul(y, cosine))
      v128.store(at, v128.shuffle<f32>(turnedX, turnedY, 0, 4, 1, 5))
      v128.store(at, v128.shuffle<f32>(turnedX, turnedY, 2, 6, 3, 7), 16)
    }
  }
  for (; i < nAngles; i++) {
    const at = row + i * next
    const cosine = load<f32>(frame.cosines + (i << 2))
    const sine = load<f32>(frame.sines + (i << 2))
    const x = load<f32>(at)
    const y = load<f32>(at + second)
    store<f32>(at, x * cosine - y * sine)
    store<f32>(at + second, x * sine + y * cosine)
  }
}
