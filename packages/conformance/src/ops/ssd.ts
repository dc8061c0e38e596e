import * as ssm from '@mamba/core/ssm'
import { abs, fill, seededRandom, ssdInputs } from '@mamba/testing'
import fc from 'fast-check'
import { describeRecurrent } from '../describe-recurrent.ts'
import type { RecurrentDims, RecurrentOp } from '../recurrent-op.ts'
import { batches, lengths, sizes } from '../sizes.ts'
import { rawStepSizes, stepSizesOf } from '../step-sizes.ts'
import type { Suite } from '../suite.ts'
import { TOLERANCE } from '../tolerance.ts'

interface Dims extends RecurrentDims {
  readonly nHeads: number
  readonly headDim: number
  readonly nGroups: number
  readonly dState: number
  /** Whether D has one entry per channel, not one per head. */
  readonly skipsChannels: boolean
  readonly dtLimit: readonly [number, number]
  readonly chunkSize: number
}

const unlimited = [0, Number.POSITIVE_INFINITY] as const

const ssd: RecurrentOp<Dims, 'x' | 'dt' | 'B' | 'C', 'dtBias' | 'A' | 'D', 'h'> = {
  name: 'ssd',
  tolerance: TOLERANCE.ssd,
  dims: (maxSize) =>
    fc
      .record({
        batch: batches,
        length: lengths(maxSize),
        nGroups: fc.integer({ min: 1, max: 3 }),
        headsPerGroup: fc.integer({ min: 1, max: 3 }),
        headDim: sizes(Math.min(maxSize, 20)),
        dState: sizes(Math.min(maxSize, 40)),
        skipsChannels: fc.boolean(),
        dtLimit: fc.constantFrom(unlimited, [0, 0.05] as const, [0.01, 0.1] as const, [2, 1e3] as const),
        chunkSize: sizes(maxSize),
      })
      .map(({ headsPerGroup, ...dims }) => ({ ...dims, nHeads: dims.nGroups * headsPerGroup })),
  inputs(dims, seed) {
    const { nHeads, headDim, nGroups, dState, skipsChannels } = dims
    const { x, delta, A, B, C, h0 } = ssdInputs(dims, seed)
    const random = seededRandom(~seed)
    const dtBias = fill(nHeads, () => 3 * random.normal())
    const skips = skipsChannels ? nHeads * headDim : nHeads
    return {
      sequences: {
        x: { data: x, width: nHeads * headDim },
        dt: { data: rawStepSizes(delta, dtBias), width: nHeads },
        B: { data: B, width: nGroups * dState },
        C: { data: C, width: nGroups * dState },
      },
      weights: {
        dtBias: { data: dtBias, shape: [nHeads] },
        A: { data: A, shape: [nHeads] },
        D: { data: fill(skips, random.normal), shape: [skips] },
      },
      state: { h: { data: h0, shape: [nHeads, headDim, dState] } },
    }
  },
  outputWidth: ({ nHeads, headDim }) => nHeads * headDim,
  call: (ops, { sequences, weights, state }, { dtLimit, chunkSize }) =>
    ops.ssd({ ...sequences, ...weights, state: state.h, dtLimit, chunkSize }),
  reference({ sequences, weights, state }, dims) {
    const { x, dt, B, C } = sequences
    const delta = stepSizesOf(dt.data, weights.dtBias.data, dims.dtLimit)
    const A = weights.A.data
    const D = weights.D.data
    const h0 = state.h.data
    const want = ssm.ssd({ x: x.data, delta, A, B: B.data, C: C.data, D, h0 }, dims)
    // Δ ≥ 0 and exp > 0: the op on absolute values bounds every partial sum.
    const scale = ssm.ssd(
      { x: abs(x.data), delta, A, B: abs(B.data), C: abs(C.data), D: abs(D), h0: abs(h0) },
      dims,
    )
    return { y: want.y, state: { h: want.h }, scale: { y: scale.y, state: { h: scale.h } } }
  },
}

export function describeSsd(suite: Suite): void {
  const published = { batch: 1, headDim: 64, skipsChannels: false, dtLimit: unlimited, chunkSize: 256 }
  describeRecurrent(suite, ssd, [
    { ...published, nHeads: 24, nGroups: 1, dState: 128, length: 1 },
    { ...published, nHeads: 24, nGroups: 1, dState: 128, length: 3 },
    { ...published, nHeads: 16, nGroups: 8, dState: 128, length: 2 },
    // Longer than any chunk.
    { ...published, nHeads: 2, nGroups: 1, headDim: 3, dState: 5, length: 700 },
  ])
}
