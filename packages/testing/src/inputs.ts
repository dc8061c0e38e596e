import { stepSizes } from './arbitraries.ts'
import { fill } from './arrays.ts'
import { seededRandom } from './random.ts'

/** Random inputs of a selective scan, all optional ones included; shapes as in `selectiveScan`. */
export function selectiveScanInputs(
  dims: { batch: number; length: number; dInner: number; dState: number },
  seed: number,
) {
  const { batch, length, dInner, dState } = dims
  const random = seededRandom(seed)
  return {
    delta: stepSizes(batch * length * dInner, random),
    u: fill(batch * length * dInner, random.normal),
    A: fill(dInner * dState, () => -random.logUniform(0.1, 16)),
    B: fill(batch * length * dState, random.normal),
    C: fill(batch * length * dState, random.normal),
    D: fill(dInner, random.normal),
    h0: fill(batch * dInner * dState, random.normal),
  }
}

/** Random inputs of SSD, all optional ones included, D per head; shapes as in `ssd`. */
export function ssdInputs(
  dims: { batch: number; length: number; nHeads: number; headDim: number; nGroups: number; dState: number },
  seed: number,
) {
  const { batch, length, nHeads, headDim, nGroups, dState } = dims
  const random = seededRandom(seed)
  return {
    delta: stepSizes(batch * length * nHeads, random),
    x: fill(batch * length * nHeads * headDim, random.normal),
    A: fill(nHeads, () => -random.logUniform(0.1, 16)),
    B: fill(batch * length * nGroups * dState, random.normal),
    C: fill(batch * length * nGroups * dState, random.normal),
    D: fill(nHeads, random.normal),
    h0: fill(batch * nHeads * headDim * dState, random.normal),
  }
}

/** Random inputs of Mamba-3's rotation, all optional ones included; shapes as in `mamba3Rotate`. */
export function mamba3RotateInputs(
  dims: {
    batch: number
    length: number
    rank: number
    nGroups: number
    nHeads: number
    dState: number
    nAngles: number
  },
  seed: number,
) {
  const { batch, length, rank, nGroups, nHeads, dState, nAngles } = dims
  const random = seededRandom(seed)
  return {
    delta: stepSizes(batch * length * nHeads, random),
    B: fill(batch * length * rank * nGroups * dState, random.normal),
    C: fill(batch * length * rank * nGroups * dState, random.normal),
    BBias: fill(nHeads * rank * dState, random.normal),
    CBias: fill(nHeads * rank * dState, random.normal),
    angles: fill(batch * length * nAngles, random.normal),
    angleState: fill(batch * nHeads * nAngles, () => random.between(0, 6)),
  }
}

/** Random inputs of Mamba-3's scan, all optional ones included; shapes as in `mamba3Scan`. */
export function mamba3ScanInputs(
  dims: { batch: number; length: number; rank: number; nHeads: number; headDim: number; dState: number },
  seed: number,
) {
  const { batch, length, rank, nHeads, headDim, dState } = dims
  const random = seededRandom(seed)
  return {
    delta: stepSizes(batch * length * nHeads, random),
    q: fill(batch * length * rank * nHeads * dState, random.normal),
    k: fill(batch * length * rank * nHeads * dState, random.normal),
    v: fill(batch * length * nHeads * headDim, random.normal),
    mimoX: fill(nHeads * rank * headDim, random.normal),
    A: fill(batch * length * nHeads, () => -random.logUniform(1e-4, 16)),
    lambda: fill(batch * length * nHeads, random.uniform),
    D: fill(nHeads, random.normal),
    state: {
      h: fill(batch * nHeads * headDim * dState, random.normal),
      k: fill(batch * rank * nHeads * dState, random.normal),
      v: fill(batch * nHeads * headDim, random.normal),
    },
  }
}

/** Random inputs of a causal convolution, all optional ones included; shapes as in `causalConv1d`. */
export function causalConv1dInputs(
  dims: { batch: number; length: number; channels: number; taps: number },
  seed: number,
) {
  const { batch, length, channels, taps } = dims
  const random = seededRandom(seed)
  return {
    x: fill(batch * length * channels, random.normal),
    weight: fill(channels * taps, random.normal),
    bias: fill(channels, random.normal),
    state: fill(batch * channels * (taps - 1), random.normal),
  }
}
