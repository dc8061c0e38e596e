import {
  abs,
  causalConv1dDims,
  causalConv1dInputs,
  expectSame,
  expectWithin,
  joinAxis,
  seeds,
  sliceAxis,
  splitLength,
  TOLERANCE,
} from '@mamba/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { silu } from './activations.ts'
import { type CausalConv1dDims, causalConv1d } from './causal-conv1d.ts'

type Inputs = ReturnType<typeof causalConv1dInputs>

/** The convolution as a sum over lags: yₜ = bias + Σ_lag w[K − 1 − lag] xₜ₋ₗₐ₉. */
function sumOverLags(x: Inputs, { batch, length, channels, taps }: CausalConv1dDims): Float64Array {
  return Float64Array.from({ length: batch * length * channels }, (_, i) => {
    const c = i % channels
    const t = Math.floor(i / channels) % length
    const b = Math.floor(i / (channels * length))
    let sum = x.bias[c]!
    for (let lag = 0; lag < taps; lag++) {
      const input =
        t >= lag
          ? x.x[(b * length + t - lag) * channels + c]!
          : x.state[(b * channels + c) * (taps - 1) + taps - 1 + t - lag]!
      sum += x.weight[c * taps + taps - 1 - lag]! * input
    }
    return sum
  })
}

describe('causalConv1d', () => {
  test.each(['none', 'silu'] as const)(
    'equals a sum over lags, for every shape (activation %s)',
    (activation) => {
      fc.assert(
        fc.property(causalConv1dDims, seeds, (dims, seed) => {
          const x = causalConv1dInputs(dims, seed)
          const linear = sumOverLags(x, dims)
          const want = activation === 'silu' ? linear.map(silu) : linear
          const magnitudes = { x: abs(x.x), weight: abs(x.weight), bias: abs(x.bias), state: abs(x.state) }
          expectWithin(
            causalConv1d(x, dims, activation).y,
            want,
            sumOverLags(magnitudes, dims),
            TOLERANCE.causalConv1d,
          )
        }),
      )
    },
  )

  test('carries its state without changing a bit, in pieces and token by token', () => {
    fc.assert(
      fc.property(causalConv1dDims, seeds, (dims, seed) => {
        const { batch, length, channels } = dims
        const x = causalConv1dInputs(dims, seed)
        const whole = causalConv1d(x, dims, 'silu')
        for (const pieces of [splitLength(length, seed), new Array(length).fill(1)]) {
          const ys: Float64Array[] = [new Float64Array(0)]
          let state = Float64Array.from(x.state)
          let start = 0
          for (const count of pieces) {
            const part = sliceAxis(x.x, [batch, length, channels], 1, start, start + count)
            const piece = causalConv1d({ ...x, x: part, state }, { ...dims, length: count }, 'silu')
            ys.push(piece.y)
            state = Float64Array.from(piece.state)
            start += count
          }
          expectSame(joinAxis(ys, [batch, length, channels], 1), whole.y)
          expectSame(state, whole.state)
        }
      }),
    )
  })

  test('is causal: changing x at t and later leaves y before t unchanged', () => {
    fc.assert(
      fc.property(causalConv1dDims, seeds, (dims, seed) => {
        const { batch, length, channels } = dims
        const x = causalConv1dInputs(dims, seed)
        const t = seed % (length + 1)
        const changed = x.x.map((value, i) => (Math.floor(i / channels) % length >= t ? value + 1 : value))
        const past = (y: Float64Array) => sliceAxis(y, [batch, length, channels], 1, 0, t)
        expectSame(
          past(causalConv1d({ ...x, x: changed }, dims, 'silu').y),
          past(causalConv1d(x, dims, 'silu').y),
        )
      }),
    )
  })

  test('is batch-independent: a sequence gives the same alone as among others', () => {
    fc.assert(
      fc.property(causalConv1dDims, seeds, (dims, seed) => {
        const x = causalConv1dInputs(dims, seed)
        const together = causalConv1d(x, dims, 'silu')
        const pick = <T extends Float32Array | Float64Array>(array: T, b: number) =>
          sliceAxis(array, [dims.batch, array.length / dims.batch], 0, b, b + 1)
        for (let b = 0; b < dims.batch; b++) {
          const alone = causalConv1d(
            { ...x, x: pick(x.x, b), state: pick(x.state, b) },
            { ...dims, batch: 1 },
            'silu',
          )
          expectSame(alone.y, pick(together.y, b))
          expectSame(alone.state, pick(together.state, b))
        }
      }),
    )
  })

  const impulse = { batch: 1, length: 5, channels: 1, taps: 4 }

  test('does not flip the kernel: the last tap multiplies the newest input', () => {
    const { y, state } = causalConv1d(
      { x: Float32Array.from([1, 0, 0, 0, 5]), weight: Float32Array.from([10, 20, 30, 40]) },
      impulse,
      'none',
    )
    expect([...y]).toEqual([40, 30, 20, 10, 200])
    expect([...state]).toEqual([0, 0, 5])
  })

  test('keeps the older inputs of its state, oldest first, when there are fewer tokens than taps', () => {
    const x = { weight: new Float32Array(4), state: Float32Array.from([1, 2, 3]) }
    const stateAfter = (...tokens: number[]) => [
      ...causalConv1d({ ...x, x: Float32Array.from(tokens) }, { ...impulse, length: tokens.length }, 'silu')
        .state,
    ]
    expect(stateAfter()).toEqual([1, 2, 3])
    expect(stateAfter(4)).toEqual([2, 3, 4])
    expect(stateAfter(4, 5)).toEqual([3, 4, 5])
    expect(stateAfter(4, 5, 6, 7)).toEqual([5, 6, 7])
  })

  const dims = { batch: 2, length: 5, channels: 3, taps: 4 }

  test('without bias and state does what zeros do', () => {
    const x = causalConv1dInputs(dims, 1)
    const zeros = { ...x, bias: x.bias.map(() => 0), state: x.state.map(() => 0) }
    const got = causalConv1d({ x: x.x, weight: x.weight }, dims, 'silu')
    expectSame(got.y, causalConv1d(zeros, dims, 'silu').y)
    expectSame(got.state, causalConv1d(zeros, dims, 'silu').state)
  })
  test('does not change its inputs', () => {
    const x = causalConv1dInputs(dims, 1)
    causalConv1d(x, dims, 'silu')
    expect(x).toEqual(causalConv1dInputs(dims, 1))
  })
  test('refuses inputs that do not fit, and a kernel without taps', () => {
    const x = causalConv1dInputs(dims, 1)
    for (const name of ['x', 'weight', 'bias', 'state']) {
      expect(() => causalConv1d({ ...x, [name]: new Float32Array(7) }, dims, 'silu')).toThrow(
        `causalConv1d: ${name} has 7 elements; expected [`,
      )
    }
    expect(() => causalConv1d(x, { ...dims, taps: 0 }, 'silu')).toThrow(
      'causalConv1d: taps is 0; expected at least 1',
    )
  })
})
