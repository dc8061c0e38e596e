import { elementCount, type RmsNormArgs } from '@mamba/core'
import * as ssm from '@mamba/core/ssm'
import { abs, expectSame, expectWithin, fill, seededRandom } from '@mamba/testing'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import { activationShapes, seeds, sizes } from '../sizes.ts'
import { forAll, onWorkbench, type Suite } from '../suite.ts'
import { TOLERANCE } from '../tolerance.ts'
import type { Workbench } from '../workbench.ts'

interface Case {
  /** Axes before the last. */
  readonly leading: readonly number[]
  readonly groups: number
  readonly groupSize: number
  readonly weight: 'absent' | 'whole' | 'shared'
  readonly gateOrder: 'before' | 'after' | undefined
  readonly eps: number
  /** Of the elements of x. */
  readonly magnitude: number
  readonly seed: number
}

export function describeRmsNorm(suite: Suite): void {
  const cases: fc.Arbitrary<Case> = fc.record({
    leading: activationShapes(suite.maxSize).map((shape) => shape.slice(0, -1)),
    groups: fc.integer({ min: 1, max: 4 }),
    groupSize: sizes(2 * suite.maxSize),
    weight: fc.constantFrom('absent', 'whole', 'shared'),
    gateOrder: fc.constantFrom(undefined, 'before', 'after'),
    eps: fc.constantFrom(1e-6, 1e-5, 0.1),
    magnitude: fc.constantFrom(1e-3, 1, 1e3),
    seed: seeds,
  })
  const plain = {
    leading: [2],
    groups: 1,
    weight: 'whole',
    gateOrder: undefined,
    eps: 1e-5,
    magnitude: 1,
  } as const

  describe('rmsNorm', () => {
    test('equals the float64 reference, in groups, with each kind of weight and gate', async () => {
      await forAll(suite, cases, expectNorm)
    })

    test('does so for the shapes of published models', async () => {
      const published: Omit<Case, 'seed'>[] = [
        { ...plain, groupSize: 768 },
        { ...plain, groupSize: 2560 },
        { ...plain, groupSize: 1536, gateOrder: 'before' },
        { ...plain, groups: 8, groupSize: 512, gateOrder: 'before' },
        { ...plain, groups: 4, groupSize: 128, weight: 'shared' },
      ]
      for (const dims of published) {
        await forAll({ ...suite, runs: 1 }, seeds, (workbench, seed) =>
          expectNorm(workbench, { ...dims, seed }),
        )
      }
    })

    test('gives zeros for zeros', async () => {
      await onWorkbench(suite, async (workbench) => {
        const shape = [2, 3, 7]
        const zeros = new Float32Array(42)
        const x = workbench.dense(zeros, shape)
        expectSame(await workbench.read(shape, () => workbench.ops.rmsNorm(x, { eps: 1e-6 })), zeros)
      })
    })
  })
}

async function expectNorm(workbench: Workbench, value: Case): Promise<void> {
  const { leading, groups, groupSize, gateOrder, eps, magnitude, seed } = value
  const size = groups * groupSize
  const rows = elementCount(leading)
  const random = seededRandom(seed)
  const x = fill(rows * size, () => magnitude * random.normal())
  const z = fill(rows * size, () => 2 * random.normal())
  const weight = fill(value.weight === 'shared' ? groupSize : size, random.normal)

  const tensors = workbench.activations({ x: { data: x, width: size }, z: { data: z, width: size } }, leading)
  const args: RmsNormArgs = {
    eps,
    ...(groups > 1 && { groupSize }),
    ...(value.weight !== 'absent' && { weight: workbench.dense(weight, [weight.length]) }),
    ...(gateOrder && { gate: tensors.z }),
    ...(gateOrder === 'after' && { gateOrder }),
  }
  const got = await workbench.read([...leading, size], () => workbench.ops.rmsNorm(tensors.x, args))

  const whole =
    value.weight === 'absent'
      ? undefined
      : Float32Array.from({ length: size }, (_, i) => weight[i % weight.length]!)
  const gateData = gateOrder && z
  const want = ssm.rmsNorm(x, whole, { rows, size, eps, groupSize, gate: gateData, gateOrder })
  // Relative: squares do not cancel. The gate adds the error of its exponential, which grows with |z|.
  const gateError = gateOrder === undefined ? 1 : 1 + Math.max(0, ...abs(z))
  expectWithin(
    got,
    want,
    abs(want).map((y) => y * gateError),
    TOLERANCE.rmsNorm,
  )
}
