import * as ssm from '@mamba/core/ssm'
import { abs } from '@mamba/testing'
import {
  type Expected,
  mapValues,
  partOfBatch,
  type RecurrentDims,
  type RecurrentInputs,
} from '../recurrent-op.ts'
import { stepSizesOf } from '../step-sizes.ts'

export interface Mamba3Dims extends RecurrentDims {
  readonly rank: number
  readonly nHeads: number
  readonly headDim: number
  readonly nGroups: number
  readonly dState: number
  readonly nAngles: number
  readonly aFloor: number
  readonly isMimo: boolean
  readonly hasNorm: boolean
  readonly chunkSize: number
}

export type Mamba3Sequence = 'x' | 'z' | 'B' | 'C' | 'dt' | 'ddA' | 'trap' | 'angles'
export type Mamba3Weight = 'dtBias' | 'BBias' | 'CBias' | 'D' | 'mimoX' | 'mimoZ' | 'mimoO' | 'norm'
export type Mamba3StateName = 'angle' | 'ssm' | 'k' | 'v'
export type Mamba3Inputs = RecurrentInputs<Mamba3Sequence, Mamba3Weight, Mamba3StateName>

/** Of the optional norm. */
export const NORM_EPS = 1e-5

/** `Ops.mamba3Scan` in float64, by the functions of core. */
export function mamba3Reference(inputs: Mamba3Inputs, dims: Mamba3Dims): Expected<Mamba3StateName> {
  const delta = stepSizesOf(inputs.sequences.dt.data, inputs.weights.dtBias.data)
  const rotated = rotate(inputs, dims, delta)
  const { y, state } = scan(inputs, dims, delta, rotated)
  const normWeight = dims.hasNorm ? inputs.weights.norm.data : undefined
  return {
    y: gate(inputs, dims, y, normWeight),
    state: { angle: rotated.angleState, ssm: state.h, k: state.k, v: state.v },
    scale: scaleOf(inputs, dims, delta, y),
  }
}

/**
 * The op on absolute values, times the error of the angles: they are sums over all positions, so that their error,
 * and with it that of all that is rotated, grows with the sum of the absolute turns.
 * @param y the result of the scan, before norm and gate
 */
function scaleOf(inputs: Mamba3Inputs, dims: Mamba3Dims, delta: Float64Array, y: Float64Array) {
  const upright = absolute(inputs, 0)
  const rotated = rotate(upright, dims, delta)
  const quarter = rotate(absolute(inputs, Math.PI / 2), dims, delta)
  // A rotated pair is at most |x| + |y| in both places, which the quarter turn swaps.
  const both = (a: Float64Array, b: Float64Array) => a.map((value, i) => Math.abs(value) + Math.abs(b[i]!))
  const bound = { q: both(rotated.q, quarter.q), k: both(rotated.k, quarter.k) }
  const scanned = scan(upright, dims, delta, bound)

  const turns = turnsOf(inputs, dims, delta)
  const amplified = (values: Float64Array) =>
    values.map((value, i) => value * (1 + turns[Math.floor((i * dims.batch) / values.length)]!))
  const { h, k, v } = scanned.state
  const before = amplified(scanned.y)
  return {
    y: gate(
      upright,
      dims,
      dims.hasNorm ? normScale(before, y, upright.weights.norm.data, dims) : before,
      undefined,
    ),
    state: {
      angle: amplified(rotated.angleState.map(() => 2 * Math.PI)),
      ssm: amplified(h),
      k: amplified(k),
      // Copied.
      v: v.map(() => 0),
    },
  }
}

/** Absolute values throughout, and every angle `angle`. */
function absolute({ sequences, weights, state }: Mamba3Inputs, angle: number): Mamba3Inputs {
  const positive = <T extends { readonly data: Float32Array }>(array: T) => ({
    ...array,
    data: abs(array.data),
  })
  const { x, z, B, C, angles } = sequences
  return {
    sequences: {
      ...sequences,
      x: positive(x),
      z: positive(z),
      B: positive(B),
      C: positive(C),
      angles: { ...angles, data: angles.data.map(() => 0) },
    },
    weights: mapValues(weights, positive),
    state: {
      ...mapValues(state, positive),
      angle: { ...state.angle, data: state.angle.data.map(() => angle) },
    },
  }
}

/** For every sequence, the largest Σ |π tanh(angles) Δ| over its positions, of any angle and head. */
function turnsOf(
  { sequences }: Mamba3Inputs,
  { batch, length, nHeads, nAngles }: Mamba3Dims,
  delta: Float64Array,
) {
  const sums = new Float64Array(batch * nHeads * nAngles)
  for (let row = 0; row < batch * length; row++) {
    const b = Math.floor(row / length)
    for (let head = 0; head < nHeads; head++) {
      for (let i = 0; i < nAngles; i++) {
        const rate = Math.PI * Math.abs(Math.tanh(sequences.angles.data[row * nAngles + i]!))
        sums[(b * nHeads + head) * nAngles + i]! += rate * delta[row * nHeads + head]!
      }
    }
  }
  return Array.from({ length: batch }, (_, b) => Math.max(...partOfBatch(sums, batch, b)))
}

/**
 * Scale of the norm ŷ = y / r · weight, r = √(mean(y²) + eps), whose y has an error of at most `scale`:
 * that of y over r, and that of r, at most the root mean square of `scale`.
 */
function normScale(
  scale: Float64Array,
  y: Float64Array,
  weight: Float32Array,
  { nHeads, headDim }: Mamba3Dims,
) {
  const result = new Float64Array(y.length)
  for (let start = 0; start < y.length; start += headDim) {
    const rms = Math.sqrt(meanSquare(y.subarray(start, start + headDim)) + NORM_EPS)
    const error = Math.sqrt(meanSquare(scale.subarray(start, start + headDim)))
    for (let p = 0; p < headDim; p++) {
      const i = start + p
      result[i] = ((scale[i]! + (Math.abs(y[i]!) / rms) * error) / rms) * weight[i % (nHeads * headDim)]!
    }
  }
  return result
}

function meanSquare(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value * value, 0) / values.length
}

function rotate({ sequences, weights, state }: Mamba3Inputs, dims: Mamba3Dims, delta: Float64Array) {
  return ssm.mamba3Rotate(
    {
      B: sequences.B.data,
      C: sequences.C.data,
      BBias: weights.BBias.data,
      CBias: weights.CBias.data,
      angles: sequences.angles.data,
      delta,
      angleState: state.angle.data,
    },
    dims,
    dims.isMimo ? 'half' : 'adjacent',
  )
}

function scan(
  { sequences, weights, state }: Mamba3Inputs,
  dims: Mamba3Dims,
  delta: Float64Array,
  { q, k }: Pick<ssm.Mamba3RotateResult, 'q' | 'k'>,
) {
  return ssm.mamba3Scan(
    {
      q,
      k,
      v: sequences.x.data,
      mimoX: dims.isMimo ? weights.mimoX.data : undefined,
      delta,
      A: ssm.mamba3Decay(sequences.ddA.data, dims.aFloor),
      lambda: Float64Array.from(sequences.trap.data, ssm.sigmoid),
      D: weights.D.data,
      state: { h: state.ssm.data, k: state.k.data, v: state.v.data },
    },
    dims,
  )
}

function gate(
  { sequences, weights }: Mamba3Inputs,
  dims: Mamba3Dims,
  y: Float64Array,
  normWeight: Float32Array | undefined,
) {
  const mimo = dims.isMimo ? { mimoZ: weights.mimoZ.data, mimoO: weights.mimoO.data } : {}
  return ssm.mamba3Output({ y, z: sequences.z.data, ...mimo, normWeight }, dims, { eps: NORM_EPS })
}
