import { elementCount, type Ops, type Tensor } from '@mamba/core'
import { gelu, relu2, silu, softplus } from '@mamba/core/ssm'
import { expectWithin, fill, seededRandom, type Tolerance } from '@mamba/testing'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import { activationShapes, seeds } from '../sizes.ts'
import { forAll, onWorkbench, type Suite } from '../suite.ts'
import { TOLERANCE } from '../tolerance.ts'

interface ElementwiseOp {
  readonly name: string
  readonly call: (ops: Ops, a: Tensor, b: Tensor) => Tensor
  readonly reference: (a: number, b: number) => number
  /** What the error is measured by. Default: the absolute value of the result. */
  readonly scale?: (a: number, b: number) => number
  readonly tolerance: Tolerance
}

/** Added to the scale of what gets arbitrarily small: devices may take it for zero, or e⁻ˣ overflows. */
const NEGLIGIBLE = 2 ** -92

/** The argument of e^−x has a rounding error, which costs |x| of them in the result; for x > 0 it hardly matters. */
const exponentialScale = (y: number, x: number) => Math.abs(y) * (1 + Math.max(-x, 0)) + NEGLIGIBLE

const elementwiseOps: readonly ElementwiseOp[] = [
  {
    name: 'add',
    call: (ops, a, b) => ops.add(a, b),
    reference: (a, b) => a + b,
    tolerance: TOLERANCE.arithmetic,
  },
  {
    name: 'mul',
    call: (ops, a, b) => ops.mul(a, b),
    reference: (a, b) => a * b,
    tolerance: TOLERANCE.arithmetic,
  },
  {
    name: 'scale',
    call: (ops, a) => ops.scale(a, -0.3),
    reference: (a) => -0.3 * a,
    tolerance: TOLERANCE.arithmetic,
  },
  {
    name: 'silu',
    call: (ops, a) => ops.silu(a),
    reference: silu,
    scale: (a) => exponentialScale(silu(a), a),
    tolerance: TOLERANCE.silu,
  },
  {
    name: 'softplus',
    call: (ops, a) => ops.softplus(a),
    reference: softplus,
    scale: (a) => exponentialScale(softplus(a), a),
    tolerance: TOLERANCE.softplus,
  },
  {
    name: 'gelu',
    call: (ops, a) => ops.gelu(a),
    reference: gelu,
    // x (½ + ½ erf(x / √2)): the sum cancels on the left.
    scale: Math.abs,
    tolerance: TOLERANCE.gelu,
  },
  {
    name: 'relu2',
    call: (ops, a) => ops.relu2(a),
    reference: relu2,
    tolerance: TOLERANCE.arithmetic,
  },
  {
    name: 'swiGlu',
    call: (ops, a, b) => ops.swiGlu(a, b),
    reference: (a, b) => silu(a) * b,
    scale: (a, b) => exponentialScale(silu(a), a) * Math.abs(b) + NEGLIGIBLE,
    tolerance: TOLERANCE.silu,
  },
]

/** Where activations change their ways, and where e^x or e^−x leaves float32. */
const NOTABLE = [0, -0, 1, -1, 19.9, 20, 20.1, -20, 87, -87, 89, -89, 104, -104, 1e4, -1e4]

/** Numbers of all sizes and both signs. */
function argumentsOf(count: number, seed: number): Float32Array {
  const random = seededRandom(seed)
  return fill(count, () =>
    random.uniform() < 0.1
      ? NOTABLE[random.integer(0, NOTABLE.length - 1)]!
      : random.logUniform(1e-6, 1e3) * Math.sign(random.between(-1, 1)),
  )
}

export function describeElementwise(suite: Suite): void {
  describe.each(elementwiseOps)('$name', ({ call, reference, scale, tolerance }) => {
    const expectResult = (got: Float32Array, a: Float32Array, b: Float32Array) => {
      const want = Float64Array.from(a, (value, i) => reference(value, b[i]!))
      const bound = want.map((value, i) => (scale === undefined ? Math.abs(value) : scale(a[i]!, b[i]!)))
      expectWithin(got, want, bound, tolerance)
    }

    test('equals the float64 reference, for small and large arguments', async () => {
      const large = fc.constant([3, 401, 67])
      const shapes = fc.oneof(
        { arbitrary: activationShapes(suite.maxSize), weight: 15 },
        { arbitrary: large, weight: 1 },
      )
      await forAll(suite, fc.record({ shape: shapes, seed: seeds }), async (workbench, { shape, seed }) => {
        const a = argumentsOf(elementCount(shape), seed)
        const b = argumentsOf(elementCount(shape), seed + 1)
        const width = shape.at(-1)!
        const tensors = workbench.activations(
          { a: { data: a, width }, b: { data: b, width } },
          shape.slice(0, -1),
        )
        const got = await workbench.read(shape, () => call(workbench.ops, tensors.a, tensors.b))
        expectResult(got, a, b)
      })
    })

    test('takes one tensor for all its arguments', async () => {
      await onWorkbench(suite, async (workbench) => {
        const shape = [2, 3, 5]
        const a = argumentsOf(30, 1)
        const tensor = workbench.dense(a, shape)
        expectResult(await workbench.read(shape, () => call(workbench.ops, tensor, tensor)), a, a)
      })
    })
  })
}
