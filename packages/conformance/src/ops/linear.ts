import { elementCount, fromFloat32, toFloat32 } from '@mamba/core'
import { expectWithin, fill, seededRandom } from '@mamba/testing'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import { activationShapes, seeds, sizes } from '../sizes.ts'
import { forAll, onWorkbench, type Suite, type WeightDType } from '../suite.ts'
import { TOLERANCE } from '../tolerance.ts'
import { columnCounts, finiteHalfFloats, weightDTypes } from '../weights.ts'
import type { Workbench } from '../workbench.ts'

interface Case {
  /** Axes of x before the last. */
  readonly leading: readonly number[]
  readonly dIn: number
  readonly dOut: number
  readonly hasBias: boolean
  readonly seed: number
}

export function describeLinear(suite: Suite): void {
  describe('linear', () => {
    test.each(weightDTypes)('multiplies by %s weights as the float64 reference does', async (dtype) => {
      const cases = fc.record({
        leading: activationShapes(suite.maxSize).map((shape) => shape.slice(0, -1)),
        dIn: columnCounts(dtype, 2 * suite.maxSize),
        dOut: sizes(2 * suite.maxSize),
        hasBias: fc.boolean(),
        seed: seeds,
      })
      await forAll(suite, cases, (workbench, value) => expectProduct(suite, workbench, dtype, value))
    })

    test.each(weightDTypes)('does so for long rows and for many rows, %s', async (dtype) => {
      for (const [rows, dIn, dOut] of [
        [1, 768, 515],
        [1, 1536, 80],
        [3, 2048, 67],
        [67, 96, 259],
      ] as const) {
        const cases = seeds.map((seed) => ({ leading: [1, rows], dIn, dOut, hasBias: false, seed }))
        await forAll({ ...suite, runs: 1 }, cases, (workbench, value) =>
          expectProduct(suite, workbench, dtype, value),
        )
      }
    })

    test.each(['f16', 'bf16'] as const)(
      'gives every finite %s back when an identity is multiplied by it',
      async (dtype) => {
        const bits = finiteHalfFloats(dtype)
        const dIn = 8
        const dOut = bits.length / dIn
        const weights = toFloat32(dtype, bits, bits.length)
        const scale = weights.map(Math.abs)
        const tolerance = suite.roundedActivations[dtype] ?? TOLERANCE.copy
        await onWorkbench(suite, async (workbench) => {
          const identity = Float32Array.from({ length: dIn * dIn }, (_, i) => (i % (dIn + 1) === 0 ? 1 : 0))
          const x = workbench.dense(identity, [dIn, dIn])
          const weight = workbench.dense(bits, [dOut, dIn], dtype)
          const got = await workbench.read([dIn, dOut], () => workbench.ops.linear(x, weight))
          expectWithin(transpose(got, dIn, dOut), weights, scale, tolerance)
        })
      },
    )
  })
}

async function expectProduct(
  suite: Suite,
  workbench: Workbench,
  dtype: WeightDType,
  value: Case,
): Promise<void> {
  const { leading, dIn, dOut, hasBias, seed } = value
  const random = seededRandom(seed)
  const rows = elementCount(leading)
  const x = fill(rows * dIn, random.normal)
  const values = fill(dOut * dIn, random.normal)
  const bias = hasBias ? fill(dOut, random.normal) : undefined
  const tensors = {
    x: workbench.activation(x, [...leading, dIn]),
    weight: workbench.matrix(values, [dOut, dIn], dtype),
    bias: bias && workbench.dense(bias, [dOut]),
  }
  const got = await workbench.read([...leading, dOut], () =>
    workbench.ops.linear(tensors.x, tensors.weight, tensors.bias),
  )
  const weight = toFloat32(dtype, fromFloat32(dtype, values), values.length)
  const rounded = suite.roundedActivations[dtype]
  const { y, scale } = product(x, weight, bias, { rows, dIn, dOut }, rounded === undefined ? 1 : 32)
  expectWithin(got, y, scale, rounded ?? TOLERANCE.linear)
}

/**
 * y = x Wᵀ + b in float64, and its scale Σ |x| |w| + |b|.
 * @param block in the scale, every |x| is the largest of a block of this many
 */
function product(
  x: Float32Array,
  weight: Float32Array,
  bias: Float32Array | undefined,
  { rows, dIn, dOut }: { readonly rows: number; readonly dIn: number; readonly dOut: number },
  block: number,
): { y: Float64Array; scale: Float64Array } {
  const bounds = largestOfBlocks(x, dIn, block)
  const y = new Float64Array(rows * dOut)
  const scale = new Float64Array(rows * dOut)
  for (let row = 0; row < rows; row++) {
    for (let out = 0; out < dOut; out++) {
      let sum = bias?.[out] ?? 0
      let bound = Math.abs(sum)
      for (let i = 0; i < dIn; i++) {
        const w = weight[out * dIn + i]!
        sum += x[row * dIn + i]! * w
        bound += bounds[row * dIn + i]! * Math.abs(w)
      }
      y[row * dOut + out] = sum
      scale[row * dOut + out] = bound
    }
  }
  return { y, scale }
}

/** |x|, or the largest |x| of its block of a row. */
function largestOfBlocks(x: Float32Array, dIn: number, block: number): Float32Array {
  return x.map((_, i) => {
    const column = i % dIn
    const start = i - (column % block)
    const end = Math.min(start + block, i - column + dIn)
    return Math.max(...x.subarray(start, end).map(Math.abs))
  })
}

function transpose(matrix: Float32Array, rows: number, columns: number): Float32Array {
  return matrix.map((_, i) => matrix[(i % rows) * columns + Math.floor(i / rows)]!)
}
