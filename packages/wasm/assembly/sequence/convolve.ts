import { loadLanes, storeLanes } from '../math/lanes'
import { madd } from '../math/madd'
import { storeTransposed } from '../matrix/transpose'

/*
 * One position of the causal convolution, for `count` channels: y[c] = bias[c] + Σₖ weights[k, c] x[k, c].
 *
 * The weights are rows of channels, one for each tap, `stride` bytes apart; the bias is one more row behind them. The
 * inputs are rows `xStride` bytes apart, the newest last.
 */

/** Any number of taps. */
export function convolve(
  x: usize,
  xStride: usize,
  weights: usize,
  stride: usize,
  y: usize,
  count: i32,
  taps: i32,
): void {
  for (let left = count; left > 0; left -= 4) {
    let sum = v128.load(weights + taps * stride)
    for (let k = 0; k < taps; k++) {
      sum = madd(loadLanes(x + k * xStride, left), v128.load(weights + k * stride), sum)
    }
    storeLanes(y, sum, left)
    x += 16
    weights += 16
    y += 16
  }
}

/** Four taps, as all published Mamba models have. */
export function convolveFour(
  x: usize,
  xStride: usize,
  weights: usize,
  stride: usize,
  y: usize,
  count: i32,
): void {
  let b = x + xStride
  let c = b + xStride
  let d = c + xStride
  let weightB = weights + stride
  let weightC = weightB + stride
  let weightD = weightC + stride
  let bias = weightD + stride
  for (let left = count; left > 0; left -= 4) {
    let sum = madd(loadLanes(x, left), v128.load(weights), v128.load(bias))
    sum = madd(loadLanes(b, left), v128.load(weightB), sum)
    sum = madd(loadLanes(c, left), v128.load(weightC), sum)
    sum = madd(loadLanes(d, left), v128.load(weightD), sum)
    storeLanes(y, sum, left)
    x += 16
    b += 16
    c += 16
    d += 16
    weights += 16
    weightB += 16
    weightC += 16
    weightD += 16
    bias += 16
    y += 16
  }
}

/**
 * Four taps, straight from the tensors, and the state after it.
 * @param weight (count, 4)
 * @param bias (count), or 0
 * @param state (count, 3), oldest first
 * @param count a multiple of 4
 * @param buffer 64 bytes of scratch memory
 */
export function stepFour(
  x: usize,
  weight: usize,
  bias: usize,
  state: usize,
  y: usize,
  count: i32,
  buffer: usize,
): void {
  for (let at: usize = 0; at < (<usize>count) << 2; at += 16) {
    // Channels a to d, each with its inputs 0 to 2, oldest first.
    const a012b0 = v128.load(state)
    const b12c01 = v128.load(state, 16)
    const c2d012 = v128.load(state, 32)
    const newest = v128.load(x + at)
    const ab01 = v128.shuffle<f32>(a012b0, b12c01, 0, 3, 1, 4)
    const cd01 = v128.shuffle<f32>(b12c01, c2d012, 2, 5, 3, 6)
    const ab2 = v128.shuffle<f32>(a012b0, b12c01, 2, 5, 2, 5)
    storeTransposed(
      v128.load(weight),
      v128.load(weight, 16),
      v128.load(weight, 32),
      v128.load(weight, 48),
      buffer,
      16,
    )
    let sum = bias == 0 ? f32x4.splat(0) : v128.load(bias + at)
    sum = madd(v128.shuffle<f32>(ab01, cd01, 0, 1, 4, 5), v128.load(buffer), sum)
    sum = madd(v128.shuffle<f32>(ab01, cd01, 2, 3, 6, 7), v128.load(buffer, 16), sum)
    sum = madd(v128.shuffle<f32>(ab2, c2d012, 0, 1, 4, 7), v128.load(buffer, 32), sum)
    v128.store(y + at, madd(newest, v128.load(buffer, 48), sum))

    const a12 = v128.shuffle<f32>(a012b0, newest, 1, 2, 4, 4)
    const b2 = v128.shuffle<f32>(b12c01, newest, 1, 5, 3, 3)
    v128.store(state, v128.shuffle<f32>(a12, b12c01, 0, 1, 2, 4))
    v128.store(state, v128.shuffle<f32>(b2, c2d012, 0, 1, 2, 4), 16)
    v128.store(state, v128.shuffle<f32>(c2d012, newest, 6, 2, 3, 7), 32)
    weight += 64
    state += 48
  }
}
