import * as ssm from '@mamba/core/ssm'
import { abs, fill, seededRandom, selectiveScanInputs } from '@mamba/testing'
import fc from 'fast-check'
import { describeRecurrent } from '../describe-recurrent.ts'
import type { RecurrentDims, RecurrentOp } from '../recurrent-op.ts'
import { batches, lengths, sizes } from '../sizes.ts'
import { rawStepSizes, stepSizesOf } from '../step-sizes.ts'
import type { Suite } from '../suite.ts'
import { TOLERANCE } from '../tolerance.ts'

interface Dims extends RecurrentDims {
  readonly dInner: number
  readonly dState: number
  readonly hasGate: boolean
  readonly hasBias: boolean
}

const selectiveScan: RecurrentOp<Dims, 'u' | 'dt' | 'B' | 'C' | 'z', 'dtBias' | 'A' | 'D', 'h'> = {
  name: 'selectiveScan',
  tolerance: TOLERANCE.selectiveScan,
  dims: (maxSize) =>
    fc.record({
      batch: batches,
      length: lengths(maxSize),
      dInner: sizes(maxSize),
      dState: sizes(Math.min(maxSize, 20)),
      hasGate: fc.boolean(),
      hasBias: fc.boolean(),
    }),
  inputs(dims, seed) {
    const { dInner, dState, hasBias } = dims
    const { u, delta, A, B, C, D, h0 } = selectiveScanInputs(dims, seed)
    const random = seededRandom(~seed)
    const dtBias = fill(dInner, () => (hasBias ? 3 * random.normal() : 0))
    return {
      sequences: {
        u: { data: u, width: dInner },
        dt: { data: rawStepSizes(delta, dtBias), width: dInner },
        B: { data: B, width: dState },
        C: { data: C, width: dState },
        z: { data: fill(u.length, () => 2 * random.normal()), width: dInner },
      },
      weights: {
        dtBias: { data: dtBias, shape: [dInner] },
        A: { data: A, shape: [dInner, dState] },
        D: { data: D, shape: [dInner] },
      },
      state: { h: { data: h0, shape: [dInner, dState] } },
    }
  },
  outputWidth: ({ dInner }) => dInner,
  call(ops, { sequences: { z, ...sequences }, weights, state }, { hasGate, hasBias }) {
    const { A, D } = weights
    const dtBias = hasBias ? weights.dtBias : undefined
    return ops.selectiveScan({ ...sequences, A, D, dtBias, state: state.h, ...(hasGate && { z }) })
  },
  reference({ sequences, weights, state }, dims) {
    const { u, B, C, z } = sequences
    const delta = stepSizesOf(sequences.dt.data, weights.dtBias.data)
    const A = weights.A.data
    const D = weights.D.data
    const h0 = state.h.data
    const want = ssm.selectiveScan({ u: u.data, delta, A, B: B.data, C: C.data, D, h0 }, dims)
    // Δ > 0 and exp > 0: the op on absolute values bounds every partial sum.
    const scale = ssm.selectiveScan(
      { u: abs(u.data), delta, A, B: abs(B.data), C: abs(C.data), D: abs(D), h0: abs(h0) },
      dims,
    )
    if (dims.hasGate) {
      for (const [i, gate] of z.data.entries()) {
        want.y[i]! *= ssm.silu(gate)
        scale.y[i]! *= ssm.silu(Math.abs(gate))
      }
    }
    return { y: want.y, state: { h: want.h }, scale: { y: scale.y, state: { h: scale.h } } }
  },
}

export function describeSelectiveScan(suite: Suite): void {
  const published = { batch: 1, dState: 16, hasGate: true, hasBias: true }
  describeRecurrent(suite, selectiveScan, [
    { ...published, dInner: 1536, length: 1 },
    { ...published, dInner: 1536, length: 5 },
    // Longer than any chunk.
    { ...published, dInner: 8, length: 1000 },
  ])
}
