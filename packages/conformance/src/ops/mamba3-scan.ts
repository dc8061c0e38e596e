import { fill, mamba3RotateInputs, mamba3ScanInputs, seededRandom } from '@mamba/testing'
import fc from 'fast-check'
import { describeRecurrent } from '../describe-recurrent.ts'
import type { RecurrentOp } from '../recurrent-op.ts'
import { batches, lengths, sizes } from '../sizes.ts'
import { rawStepSizes } from '../step-sizes.ts'
import type { Suite } from '../suite.ts'
import { TOLERANCE } from '../tolerance.ts'
import {
  type Mamba3Dims,
  type Mamba3Sequence,
  type Mamba3StateName,
  type Mamba3Weight,
  mamba3Reference,
  NORM_EPS,
} from './mamba3-reference.ts'

const mamba3Scan: RecurrentOp<Mamba3Dims, Mamba3Sequence, Mamba3Weight, Mamba3StateName> = {
  name: 'mamba3Scan',
  tolerance: TOLERANCE.mamba3Scan,
  period: { angle: 2 * Math.PI },
  dims: (maxSize) =>
    fc
      .record({
        batch: batches,
        length: lengths(maxSize),
        mimoRank: fc.integer({ min: 0, max: 3 }),
        nGroups: fc.integer({ min: 1, max: 3 }),
        headsPerGroup: fc.integer({ min: 1, max: 3 }),
        headDim: sizes(Math.min(maxSize, 16)),
        halfState: sizes(Math.min(maxSize, 18)),
        // As many as fit, half as many, or any other number.
        rotatedShare: fc.constantFrom(1, 0.5, 0.3),
        aFloor: fc.constantFrom(1e-4, 0.1, 1),
        hasNorm: fc.boolean(),
        chunkSize: sizes(maxSize),
      })
      .map(({ mimoRank, headsPerGroup, halfState, rotatedShare, ...dims }) => ({
        ...dims,
        isMimo: mimoRank > 0,
        rank: Math.max(1, mimoRank),
        nHeads: dims.nGroups * headsPerGroup,
        dState: 2 * halfState,
        nAngles: Math.max(1, Math.floor(rotatedShare * halfState)),
      })),
  inputs(dims, seed) {
    const { rank, nGroups, nHeads, headDim, dState, nAngles } = dims
    const { B, C, BBias, CBias, angles, angleState } = mamba3RotateInputs(dims, seed)
    const { delta, v, mimoX, D, state } = mamba3ScanInputs(dims, seed + 1)
    const random = seededRandom(~seed)
    const dtBias = fill(nHeads, () => 3 * random.normal())
    const perHead = () => fill(delta.length, () => 3 * random.normal())
    const dInner = nHeads * headDim
    const mimo = () => ({ data: fill(mimoX.length, random.normal), shape: [nHeads, rank, headDim] })
    return {
      sequences: {
        x: { data: v, width: dInner },
        z: { data: fill(v.length, () => 2 * random.normal()), width: dInner },
        B: { data: B, width: rank * nGroups * dState },
        C: { data: C, width: rank * nGroups * dState },
        dt: { data: rawStepSizes(delta, dtBias), width: nHeads },
        ddA: { data: perHead(), width: nHeads },
        trap: { data: perHead(), width: nHeads },
        angles: { data: angles, width: nAngles },
      },
      weights: {
        dtBias: { data: dtBias, shape: [nHeads] },
        BBias: { data: BBias, shape: [nHeads, rank, dState] },
        CBias: { data: CBias, shape: [nHeads, rank, dState] },
        D: { data: D, shape: [nHeads] },
        mimoX: mimo(),
        mimoZ: mimo(),
        mimoO: mimo(),
        norm: { data: fill(dInner, random.normal), shape: [dInner] },
      },
      state: {
        angle: { data: angleState, shape: [nHeads, nAngles] },
        ssm: { data: state.h, shape: [nHeads, headDim, dState] },
        k: { data: state.k, shape: [rank, nHeads, dState] },
        v: { data: state.v, shape: [nHeads, headDim] },
      },
    }
  },
  outputWidth: ({ nHeads, headDim }) => nHeads * headDim,
  call(ops, { sequences, weights, state }, { isMimo, hasNorm, aFloor, chunkSize }) {
    const { dtBias, BBias, CBias, D, mimoX, mimoZ, mimoO, norm } = weights
    return ops.mamba3Scan({
      ...sequences,
      dtBias,
      BBias,
      CBias,
      D,
      aFloor,
      mimo: isMimo ? { x: mimoX, z: mimoZ, o: mimoO } : undefined,
      norm: hasNorm ? { weight: norm, eps: NORM_EPS } : undefined,
      state,
      chunkSize,
    })
  },
  reference: mamba3Reference,
}

export function describeMamba3Scan(suite: Suite): void {
  const published = {
    batch: 1,
    nHeads: 24,
    headDim: 64,
    nGroups: 1,
    dState: 128,
    aFloor: 1e-4,
    hasNorm: false,
  }
  const siso = { ...published, isMimo: false, rank: 1, nAngles: 32, chunkSize: 64 }
  const mimo = { ...published, isMimo: true, rank: 4, nAngles: 32, chunkSize: 16 }
  describeRecurrent(suite, mamba3Scan, [
    { ...siso, length: 1 },
    { ...siso, length: 2, nAngles: 64 },
    { ...mimo, length: 1 },
    { ...mimo, length: 2, hasNorm: true },
    // Longer than any chunk.
    { ...siso, nHeads: 2, headDim: 3, dState: 6, nAngles: 3, length: 500 },
  ])
}
