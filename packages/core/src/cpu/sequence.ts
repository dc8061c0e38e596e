import {
  checkCausalConv1d,
  checkMamba3Scan,
  checkRmsNorm,
  checkSelectiveScan,
  checkSsd,
} from '../ops/checks.ts'
import type { CausalConv1dArgs, Mamba3ScanArgs, RmsNormArgs, SelectiveScanArgs, SsdArgs } from '../ops/ops.ts'
import * as ssm from '../ssm/index.ts'
import type { Tensor } from '../tensor.ts'
import { dataOf, denseF32 } from './storage.ts'

/*
 * The ops that mix positions, and the norm, by the functions of `ssm/`. They compute in float64; what is stored, the
 * recurrent states included, is rounded to float32.
 */

const optionalF32 = (tensor: Tensor | undefined) => tensor && denseF32(tensor)

/** Writes a new recurrent state over the old one. */
function store(state: Tensor, values: ssm.Numbers): void {
  dataOf(state).set(values)
}

/** Δ = softplus(raw + bias), clamped; bias has one entry per column. */
function stepSizes(raw: Tensor, bias: Tensor | undefined, limit?: readonly [number, number]): Float64Array {
  const [smallest, largest] = limit ?? [0, Number.POSITIVE_INFINITY]
  const columns = raw.columnCount
  const delta = Float64Array.from(denseF32(raw))
  const biases = optionalF32(bias)
  for (let i = 0; i < delta.length; i++) {
    const step = ssm.softplus(delta[i]! + (biases ? biases[i % columns]! : 0))
    delta[i] = Math.min(Math.max(step, smallest), largest)
  }
  return delta
}

/** `Ops.rmsNorm`. */
export function rmsNorm(x: Tensor, args: RmsNormArgs): Float32Array {
  const { rows, size, groupSize } = checkRmsNorm(x, args)
  let weight = optionalF32(args.weight)
  if (weight && weight.length < size) {
    const shared = weight
    weight = Float32Array.from({ length: size }, (_, i) => shared[i % groupSize]!)
  }
  const { eps, gateOrder } = args
  const gate = optionalF32(args.gate)
  return Float32Array.from(ssm.rmsNorm(denseF32(x), weight, { rows, size, eps, groupSize, gate, gateOrder }))
}

/** `Ops.causalConv1d`. */
export function causalConv1d(x: Tensor, args: CausalConv1dArgs): Float32Array {
  const { batch, length, channels, kernel } = checkCausalConv1d(x, args)
  const { y, state } = ssm.causalConv1d(
    {
      x: denseF32(x),
      weight: denseF32(args.weight),
      bias: optionalF32(args.bias),
      state: denseF32(args.state),
    },
    { batch, length, channels, taps: kernel },
    args.activation,
  )
  store(args.state, state)
  return Float32Array.from(y)
}

/** `Ops.selectiveScan`. */
export function selectiveScan(args: SelectiveScanArgs): Float32Array {
  const dims = checkSelectiveScan(args)
  const { y, h } = ssm.selectiveScan(
    {
      u: denseF32(args.u),
      delta: stepSizes(args.dt, args.dtBias),
      A: denseF32(args.A),
      B: denseF32(args.B),
      C: denseF32(args.C),
      D: denseF32(args.D),
      h0: denseF32(args.state),
    },
    dims,
  )
  store(args.state, h)
  const z = optionalF32(args.z)
  if (z) {
    for (let i = 0; i < y.length; i++) y[i]! *= ssm.silu(z[i]!)
  }
  return Float32Array.from(y)
}

/** How {@link ssd} multiplies: exactly, or as the official kernels do on tensor cores. */
export type SsdProducts = 'exact' | 'tf32'

/** `Ops.ssd`; exactly in its recurrent form, which does less arithmetic than the block form. */
export function ssd(args: SsdArgs, products: SsdProducts): Float32Array {
  const dims = checkSsd(args)
  const inputs = {
    x: denseF32(args.x),
    delta: stepSizes(args.dt, args.dtBias, args.dtLimit),
    A: denseF32(args.A),
    B: denseF32(args.B),
    C: denseF32(args.C),
    D: denseF32(args.D),
    h0: denseF32(args.state),
  }
  const { y, h } =
    products === 'exact' ? ssm.ssd(inputs, dims) : ssm.ssdTf32(inputs, dims, args.chunkSize ?? 256)
  store(args.state, h)
  return Float32Array.from(y)
}

/** `Ops.mamba3Scan`, in its recurrent form. */
export function mamba3Scan(args: Mamba3ScanArgs): Float32Array {
  const dims = checkMamba3Scan(args)
  const { mimo, norm, state } = args
  const delta = stepSizes(args.dt, args.dtBias)
  const rotated = ssm.mamba3Rotate(
    {
      B: denseF32(args.B),
      C: denseF32(args.C),
      BBias: denseF32(args.BBias),
      CBias: denseF32(args.CBias),
      angles: denseF32(args.angles),
      delta,
      angleState: denseF32(state.angle),
    },
    dims,
    mimo ? 'half' : 'adjacent',
  )
  const scanned = ssm.mamba3Scan(
    {
      q: rotated.q,
      k: rotated.k,
      v: denseF32(args.x),
      mimoX: optionalF32(mimo?.x),
      delta,
      A: ssm.mamba3Decay(denseF32(args.ddA), args.aFloor),
      lambda: Float64Array.from(denseF32(args.trap), ssm.sigmoid),
      D: denseF32(args.D),
      state: { h: denseF32(state.ssm), k: denseF32(state.k), v: denseF32(state.v) },
    },
    dims,
  )
  store(state.angle, rotated.angleState)
  store(state.ssm, scanned.state.h)
  store(state.k, scanned.state.k)
  store(state.v, scanned.state.v)
  const y = ssm.mamba3Output(
    {
      y: scanned.y,
      z: denseF32(args.z),
      mimoZ: optionalF32(mimo?.z),
      mimoO: optionalF32(mimo?.o),
      normWeight: optionalF32(norm?.weight),
    },
    dims,
    { eps: norm?.eps ?? 0 },
  )
  return Float32Array.from(y)
}
