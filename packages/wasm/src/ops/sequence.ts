import type { CausalConv1dArgs, RmsNormArgs, SelectiveScanArgs, Tensor } from '@mamba/core'
import { checkCausalConv1d, checkRmsNorm, checkSelectiveScan } from '@mamba/core/backend'
import { type Context, floatBits } from '../context.ts'
import {
  CAUSAL_CONV1D,
  CONV_CHANNELS,
  RMS_NORM,
  SCAN_CHANNELS,
  SCAN_POSITIONS,
  SELECTIVE_SCAN,
} from '../kernels.ts'
import { tile } from './tiles.ts'

/** `Ops.rmsNorm`. */
export function rmsNorm(context: Context, x: Tensor, args: RmsNormArgs): Tensor {
  const { rows, size, groupSize } = checkRmsNorm(x, args)
  const { weight, gate, gateOrder = 'before', eps } = args
  const { perTile, tiles } = tile(rows, 12 * size, context.threads)
  const words = [
    context.address(x),
    context.rowBytes(x),
    context.optionalAddress(gate),
    gate ? context.rowBytes(gate) : 0,
    gateOrder === 'after' ? 1 : 0,
    context.optionalAddress(weight),
    weight?.columnCount === size ? 4 * groupSize : 0,
    floatBits(eps),
  ]
  return context.result(x.shape, (y) => {
    context.run(RMS_NORM, [...words, y, rows, size, groupSize, perTile], tiles)
  })
}

/** `Ops.causalConv1d`. */
export function causalConv1d(context: Context, x: Tensor, args: CausalConv1dArgs): Tensor {
  const { batch, length, channels, kernel: taps } = checkCausalConv1d(x, args)
  const groupBytes = 4 * CONV_CHANNELS * (2 * length + 3 * taps)
  const { perTile, tiles } = tile(Math.ceil(channels / CONV_CHANNELS), groupBytes, context.threads)
  const words = [
    context.address(x),
    context.rowBytes(x),
    context.address(args.weight),
    context.optionalAddress(args.bias),
    context.address(args.state),
    args.activation === 'silu' ? 1 : 0,
  ]
  const scratchBytes = 4 * CONV_CHANNELS * 3 * taps
  return context.result(x.shape, (y) => {
    if (length === 0) return
    const sizes = [length, channels, taps, perTile * CONV_CHANNELS]
    context.run(CAUSAL_CONV1D, [...words, y, ...sizes], batch * tiles, scratchBytes)
  })
}

/** `Ops.selectiveScan`. */
export function selectiveScan(context: Context, args: SelectiveScanArgs): Tensor {
  const { batch, length, dInner, dState } = checkSelectiveScan(args)
  const { u, dt, dtBias, A, B, C, D, z, state } = args
  const groupBytes = 4 * SCAN_CHANNELS * (dState * (2 + length) + 4 * length)
  const { perTile, tiles } = tile(Math.ceil(dInner / SCAN_CHANNELS), groupBytes, context.threads)
  const words = [
    context.address(u),
    context.rowBytes(u),
    context.address(dt),
    context.rowBytes(dt),
    context.optionalAddress(dtBias),
    context.address(A),
    context.address(B),
    context.rowBytes(B),
    context.address(C),
    context.rowBytes(C),
    context.address(D),
    context.optionalAddress(z),
    z ? context.rowBytes(z) : 0,
    context.address(state),
  ]
  const scratchBytes = 4 * SCAN_CHANNELS * (3 * SCAN_POSITIONS + 2 * dState)
  return context.result(u.shape, (y) => {
    if (length === 0) return
    const sizes = [length, dInner, dState, perTile * SCAN_CHANNELS]
    context.run(SELECTIVE_SCAN, [...words, y, ...sizes], batch * tiles, scratchBytes)
  })
}
