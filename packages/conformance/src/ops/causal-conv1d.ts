import * as ssm from '@mamba/core/ssm'
import { abs, causalConv1dInputs } from '@mamba/testing'
import fc from 'fast-check'
import { describeRecurrent } from '../describe-recurrent.ts'
import type { RecurrentDims, RecurrentOp } from '../recurrent-op.ts'
import { batches, lengths, sizes } from '../sizes.ts'
import type { Suite } from '../suite.ts'
import { TOLERANCE } from '../tolerance.ts'

interface Dims extends RecurrentDims {
  readonly channels: number
  readonly taps: number
  readonly hasBias: boolean
  readonly activation: 'silu' | 'none'
}

const causalConv1d: RecurrentOp<Dims, 'x', 'weight' | 'bias', 'inputs'> = {
  name: 'causalConv1d',
  tolerance: TOLERANCE.causalConv1d,
  dims: (maxSize) =>
    fc.record({
      batch: batches,
      length: lengths(maxSize),
      channels: sizes(2 * maxSize),
      taps: fc.integer({ min: 1, max: 5 }),
      hasBias: fc.boolean(),
      activation: fc.constantFrom('silu', 'none'),
    }),
  inputs(dims, seed) {
    const { channels, taps } = dims
    const { x, weight, bias, state } = causalConv1dInputs(dims, seed)
    return {
      sequences: { x: { data: x, width: channels } },
      weights: { weight: { data: weight, shape: [channels, taps] }, bias: { data: bias, shape: [channels] } },
      state: { inputs: { data: state, shape: [channels, taps - 1] } },
    }
  },
  outputWidth: ({ channels }) => channels,
  call: (ops, { sequences, weights, state }, { hasBias, activation }) =>
    ops.causalConv1d(sequences.x, {
      weight: weights.weight,
      bias: hasBias ? weights.bias : undefined,
      state: state.inputs,
      activation,
    }),
  reference({ sequences, weights, state }, dims) {
    const x = sequences.x.data
    const weight = weights.weight.data
    const bias = dims.hasBias ? weights.bias.data : undefined
    const inputs = state.inputs.data
    const want = ssm.causalConv1d({ x, weight, bias, state: inputs }, dims, dims.activation)
    // Neither silu nor its slope is steeper than its argument, by more than a tenth.
    const scale = ssm.causalConv1d(
      { x: abs(x), weight: abs(weight), bias: bias && abs(bias), state: abs(inputs) },
      dims,
      'none',
    )
    return {
      y: want.y,
      state: { inputs: want.state },
      scale: { y: scale.y, state: { inputs: exact(want.state) } },
    }
  },
}

/** The scale of values that are only copied: no error at all. */
function exact(values: Float64Array): Float64Array {
  return new Float64Array(values.length)
}

export function describeCausalConv1d(suite: Suite): void {
  const published = { batch: 1, length: 5, taps: 4, hasBias: true, activation: 'silu' } as const
  describeRecurrent(suite, causalConv1d, [
    { ...published, channels: 1536 },
    { ...published, channels: 1792, length: 1 },
  ])
}
