import {
  abs,
  expectSame,
  expectWithin,
  fill,
  mamba3Dims,
  seededRandom,
  seeds,
  TOLERANCE,
} from '@mamba/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { silu } from './activations.ts'
import { type Mamba3OutputDims, mamba3Output } from './mamba3-output.ts'
import { rmsNorm } from './rms-norm.ts'

function outputInputs({ batch, length, rank, nHeads, headDim }: Mamba3OutputDims, seed: number) {
  const random = seededRandom(seed)
  return {
    y: fill(batch * length * rank * nHeads * headDim, random.normal),
    z: fill(batch * length * nHeads * headDim, random.normal),
    mimoZ: fill(nHeads * rank * headDim, random.normal),
    mimoO: fill(nHeads * rank * headDim, random.normal),
    normWeight: fill(nHeads * headDim, random.normal),
  }
}

describe('mamba3Output', () => {
  test('with rank 1 and no weights is y ⊙ silu(z)', () => {
    fc.assert(
      fc.property(mamba3Dims, seeds, (sizes, seed) => {
        const dims = { ...sizes, rank: 1 }
        const { y, z } = outputInputs(dims, seed)
        expectSame(
          mamba3Output({ y, z }, dims),
          Float64Array.from(y, (value, i) => value * silu(z[i]!)),
        )
      }),
    )
  })

  test.each(['with', 'without'])(
    '%s a norm gates every rank with its own mimoZ, weighs it with mimoO and adds the ranks',
    (norm) => {
      fc.assert(
        fc.property(mamba3Dims, seeds, (dims, seed) => {
          const { batch, length, rank, nHeads, headDim } = dims
          const x = outputInputs(dims, seed)
          const normWeight = norm === 'with' ? x.normWeight : undefined
          const want = new Float64Array(batch * length * nHeads * headDim)
          const scale = new Float64Array(want.length)
          for (let i = 0; i < want.length; i++) {
            const p = i % headDim
            const head = Math.floor(i / headDim) % nHeads
            const row = Math.floor(i / (headDim * nHeads))
            for (let r = 0; r < rank; r++) {
              const weight = (head * rank + r) * headDim + p
              const start = ((row * rank + r) * nHeads + head) * headDim
              const vector = x.y.subarray(start, start + headDim)
              const weights = x.normWeight.subarray(head * headDim, (head + 1) * headDim)
              const normed =
                norm === 'with'
                  ? rmsNorm(vector, weights, { rows: 1, size: headDim, eps: 1e-5 })[p]!
                  : vector[p]!
              const term = normed * silu(x.z[i]! * x.mimoZ[weight]!) * x.mimoO[weight]!
              want[i]! += term
              scale[i]! += Math.abs(term)
            }
          }
          expectWithin(mamba3Output({ ...x, normWeight }, dims), want, scale, TOLERANCE.mamba3Output)
        }),
      )
    },
  )

  test('with a norm and rank 1 is RMS norm by heads, gate after norm', () => {
    fc.assert(
      fc.property(mamba3Dims, seeds, (sizes, seed) => {
        const dims = { ...sizes, rank: 1 }
        const { batch, length, nHeads, headDim } = dims
        const { y, z, normWeight } = outputInputs(dims, seed)
        const want = rmsNorm(y, normWeight, {
          rows: batch * length,
          size: nHeads * headDim,
          eps: 1e-5,
          groupSize: headDim,
          gate: z,
          gateOrder: 'after',
        })
        expectWithin(mamba3Output({ y, z, normWeight }, dims), want, abs(want), TOLERANCE.mamba3Output)
      }),
    )
  })

  const dims = { batch: 2, length: 3, rank: 2, nHeads: 2, headDim: 3 }

  test('takes another eps', () => {
    const x = outputInputs(dims, 1)
    expect(mamba3Output(x, dims, { eps: 1e-5 })).toEqual(mamba3Output(x, dims))
    expect(mamba3Output(x, dims, { eps: 1 })).not.toEqual(mamba3Output(x, dims))
  })
  test('does not change its inputs', () => {
    const x = outputInputs(dims, 1)
    mamba3Output(x, dims)
    expect(x).toEqual(outputInputs(dims, 1))
  })
  test('refuses inputs that do not fit, naming the input', () => {
    for (const name of ['y', 'z', 'mimoZ', 'mimoO', 'normWeight']) {
      expect(() => mamba3Output({ ...outputInputs(dims, 1), [name]: new Float32Array(7) }, dims)).toThrow(
        `mamba3Output: ${name} has 7 elements; expected [`,
      )
    }
  })
})
