import { CONV_CHANNELS } from '../../src/kernels'
import { silu } from '../math/activate'
import { copyLanes } from '../math/lanes'
import { int, pointer, scratch } from '../runtime/control'
import { convolve, convolveFour, stepFour } from './convolve'
import { fromLanes, toLanes } from './state-space/state'

/*
 * yₜ[c] = f(bias[c] + Σₖ weight[c, k] xₜ₋₍K₋₁₎₊ₖ[c]), K = taps. A tile is a range of channels of one sequence.
 *
 *   0 x         (batch, length, channels), f32
 *   1 xStride   bytes from one position to the next
 *   2 weight    (channels, K), f32
 *   3 bias      (channels), f32, or 0
 *   4 state     (batch, channels, K − 1), f32: the inputs before the first, oldest first; overwritten
 *   5 silu      1: f is silu; 0: f is the identity
 *   6 y         (batch, length, channels), f32, without gaps
 *   7 length
 *   8 channels
 *   9 taps
 *  10 channelsPerTile  a multiple of CONV_CHANNELS
 *
 * Scratch: 3 · K rows of CONV_CHANNELS float32.
 */
export function causalConv1d(args: usize, tile: i32, thread: i32): void {
  const channels = int(args, 8)
  const tilesPerSequence = (channels + int(args, 10) - 1) / int(args, 10)
  const sequence = tile / tilesPerSequence
  const first = (tile % tilesPerSequence) * int(args, 10)
  const last = min(first + int(args, 10), channels)
  const isStep = int(args, 7) == 1 && int(args, 9) == 4
  for (let channel = first; channel < last; channel += CONV_CHANNELS) {
    const count = min(last - channel, CONV_CHANNELS)
    if (isStep && (count & 3) == 0) stepGroup(args, sequence, channel, count, scratch(thread))
    else convolveGroup(args, sequence, channel, count, scratch(thread))
  }
}

/** Bytes of a row of channels in scratch memory. */
const ROW_BYTES: usize = CONV_CHANNELS * 4

/** Address of a group of channels of x or y at the first position of a sequence. */
// @ts-ignore: decorator
@inline
function groupAddress(args: usize, argument: usize, stride: usize, sequence: i32, channel: i32): usize {
  return pointer(args, argument) + sequence * int(args, 7) * stride + (channel << 2)
}

/** One position of a group of channels, with four taps. */
function stepGroup(args: usize, sequence: i32, channel: i32, count: i32, buffer: usize): void {
  const channels = int(args, 8)
  const x = groupAddress(args, 0, pointer(args, 1), sequence, channel)
  const y = groupAddress(args, 6, channels << 2, sequence, channel)
  const bias = pointer(args, 3)
  const state = pointer(args, 4) + (((sequence * channels + channel) * 3) << 2)
  const weight = pointer(args, 2) + (channel << 4)
  stepFour(x, weight, bias == 0 ? 0 : bias + (channel << 2), state, y, count, buffer)
  if (int(args, 5) != 0) silu(y, y, count)
}

/** A whole sequence of a group of channels. */
function convolveGroup(args: usize, sequence: i32, channel: i32, count: i32, weights: usize): void {
  const length = int(args, 7)
  const channels = int(args, 8)
  const taps = int(args, 9)
  const xStride = pointer(args, 1)
  const yStride: usize = channels << 2
  const x = groupAddress(args, 0, xStride, sequence, channel)
  const y = groupAddress(args, 6, yStride, sequence, channel)
  const state = pointer(args, 4) + (((sequence * channels + channel) * (taps - 1)) << 2)
  const bias = weights + taps * ROW_BYTES
  toRows(pointer(args, 2) + ((channel * taps) << 2), taps, count, weights)
  if (pointer(args, 3) == 0) memory.fill(bias, 0, ROW_BYTES)
  else copyLanes(pointer(args, 3) + (channel << 2), bias, count)

  // The state, and after it as many positions as have the state in reach.
  const history = bias + ROW_BYTES
  const reached = min(length, taps - 1)
  toRows(state, taps - 1, count, history)
  copyRows(x, xStride, history + (taps - 1) * ROW_BYTES, reached, count)
  convolveRows(history, ROW_BYTES, weights, y, yStride, reached, count, taps)
  convolveRows(x, xStride, weights, y + reached * yStride, yStride, length - reached, count, taps)
  if (int(args, 5) != 0) {
    for (let t = 0; t < length; t++) silu(y + t * yStride, y + t * yStride, count)
  }

  // The next state: the last inputs, which are in the history already if the sequence is short.
  const newest = history + reached * ROW_BYTES
  if (length > reached) copyRows(x + (length - reached) * xStride, xStride, newest, reached, count)
  const stateBytes: usize = (taps - 1) << 2
  for (let c = 0; c < count; c += 4) {
    fromLanes(newest + (c << 2), ROW_BYTES, state + c * stateBytes, stateBytes, min(count - c, 4), taps - 1)
  }
}

/** Outputs t = 0 to `length` − 1 from rows t to t + taps − 1 at `x`; the bias lies behind the weights. */
function convolveRows(
  x: usize,
  xStride: usize,
  weights: usize,
  y: usize,
  yStride: usize,
  length: i32,
  count: i32,
  taps: i32,
): void {
  for (let t = 0; t < length; t++) {
    if (taps == 4) convolveFour(x, xStride, weights, ROW_BYTES, y, count)
    else convolve(x, xStride, weights, ROW_BYTES, y, count, taps)
    x += xStride
    y += yStride
  }
}

/** Copies (count, columns) to rows of channels, (columns, CONV_CHANNELS). */
function toRows(from: usize, columns: i32, count: i32, to: usize): void {
  const stride: usize = columns << 2
  for (let c = 0; c < count; c += 4) {
    toLanes(from + c * stride, stride, min(count - c, 4), columns, to + (c << 2), ROW_BYTES)
  }
}

/** Copies positions to rows of channels in scratch memory. */
function copyRows(from: usize, stride: usize, to: usize, rows: i32, count: i32): void {
  for (let row = 0; row < rows; row++) copyLanes(from + row * stride, to + row * ROW_BYTES, count)
}
