import { constant, NEGLIGIBLE_STATE } from '../../math/constants'
import { copyLanes, loadLanes, sumsOfLanes } from '../../math/lanes'
import { madd } from '../../math/madd'
import { flushed } from './state'

/**
 * One position of the recurrence of Mamba-2 and Mamba-3, for up to four channels of a head:
 * h[c] ← decay · h[c] + Σⱼ coefficients[j, c] k[j].
 *
 * Where there are fewer than four channels the last one stands in for those that are missing, always with the same
 * result; so its coefficients have to be there as often.
 * @param h (channels, dState), f32
 * @param channels 1 to 4
 * @param terms number of j, at least 1
 * @param coefficients (terms, 4), f32
 * @param k (terms, dState), f32
 * @param kStride bytes from one row of k to the next
 * @param q (dState), f32
 * @param buffer scratch memory: `terms` + 5 rows of dState float32, rounded up to a multiple of 4
 * @returns h[c] · q, with the new states
 */
export function updateChannels(
  h: usize,
  channels: i32,
  decay: f32,
  terms: i32,
  coefficients: usize,
  k: usize,
  kStride: usize,
  q: usize,
  dState: i32,
  buffer: usize,
): v128 {
  const rowBytes: usize = dState << 2
  if ((dState & 3) == 0) {
    return updateWhole(h, channels, decay, terms, coefficients, k, kStride, q, rowBytes)
  }
  const paddedBytes = (rowBytes + 15) & ~15
  const keys = buffer + 4 * paddedBytes
  const query = keys + terms * paddedBytes
  for (let c = 0; c < channels; c++) padRow(h + c * rowBytes, dState, buffer + c * paddedBytes)
  for (let j = 0; j < terms; j++) padRow(k + j * kStride, dState, keys + j * paddedBytes)
  padRow(q, dState, query)
  const sums = updateWhole(
    buffer,
    channels,
    decay,
    terms,
    coefficients,
    keys,
    paddedBytes,
    query,
    paddedBytes,
  )
  for (let c = 0; c < channels; c++) copyLanes(buffer + c * paddedBytes, h + c * rowBytes, dState)
  return sums
}

/** Copies `count` float32, and zeros up to a multiple of 4. */
function padRow(from: usize, count: i32, to: usize): void {
  for (; count > 0; count -= 4) {
    v128.store(to, loadLanes(from, count))
    from += 16
    to += 16
  }
}

/** {@link updateChannels} for rows of whole vectors. */
function updateWhole(
  h: usize,
  channels: i32,
  decay: f32,
  terms: i32,
  coefficients: usize,
  k: usize,
  kStride: usize,
  q: usize,
  rowBytes: usize,
): v128 {
  const decays = f32x4.splat(decay)
  const negligible = constant(NEGLIGIBLE_STATE, 0)
  const end = coefficients + (terms << 4)
  const firstA = v128.load32_splat(coefficients)
  const firstB = v128.load32_splat(coefficients, 4)
  const firstC = v128.load32_splat(coefficients, 8)
  const firstD = v128.load32_splat(coefficients, 12)
  let b = h + (channels > 1 ? rowBytes : 0)
  let c = b + (channels > 2 ? rowBytes : 0)
  let d = c + (channels > 3 ? rowBytes : 0)
  let sumA = f32x4.splat(0)
  let sumB = sumA
  let sumC = sumA
  let sumD = sumA
  for (const last = h + rowBytes; h < last; ) {
    let v = v128.load(k)
    let stateA = madd(decays, v128.load(h), f32x4.mul(firstA, v))
    let stateB = madd(decays, v128.load(b), f32x4.mul(firstB, v))
    let stateC = madd(decays, v128.load(c), f32x4.mul(firstC, v))
    let stateD = madd(decays, v128.load(d), f32x4.mul(firstD, v))
    let key = k
    for (let coefficient = coefficients + 16; coefficient < end; coefficient += 16) {
      key += kStride
      v = v128.load(key)
      stateA = madd(v, v128.load32_splat(coefficient), stateA)
      stateB = madd(v, v128.load32_splat(coefficient, 4), stateB)
      stateC = madd(v, v128.load32_splat(coefficient, 8), stateC)
      stateD = madd(v, v128.load32_splat(coefficient, 12), stateD)
    }
    stateA = flushed(stateA, negligible)
    stateB = flushed(stateB, negligible)
    stateC = flushed(stateC, negligible)
    stateD = flushed(stateD, negligible)
    v128.store(h, stateA)
    v128.store(b, stateB)
    v128.store(c, stateC)
    v128.store(d, stateD)
    const query = v128.load(q)
    sumA = madd(query, stateA, sumA)
    sumB = madd(query, stateB, sumB)
    sumC = madd(query, stateC, sumC)
    sumD = madd(query, stateD, sumD)
    h += 16
    b += 16
    c += 16
    d += 16
    k += 16
    q += 16
  }
  return sumsOfLanes(sumA, sumB, sumC, sumD)
}
