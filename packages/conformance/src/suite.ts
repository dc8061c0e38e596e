import type { Backend } from '@mamba/core'
import type { Tolerance } from '@mamba/testing'
import fc from 'fast-check'
import { seeds } from './sizes.ts'
import { Workbench } from './workbench.ts'

/** Dtypes that matrices can have. */
export type WeightDType = 'f32' | 'f16' | 'bf16' | 'q8_0' | 'q4_0'

/** What a backend may ask of the suite. */
export interface ConformanceOptions {
  /** Random cases of each property; fewer for a slow device. Default 40. */
  readonly runs?: number
  /** Largest size of an axis in random cases; smaller for a slow device, but at least 8. Default 70. */
  readonly maxSize?: number
  /**
   * Milliseconds after which a property is given up: it fails, with the smallest counterexample found until then. Below
   * the time limit of vitest for a test. Default 20,000.
   */
  readonly timeLimit?: number
  /**
   * Weight dtypes for which `linear` also rounds the activations, in blocks of 32 with a scale of their own. The
   * tolerance then counts in units of epsilon · Σ |w| · max |x| of the block; a rounding to int8 has epsilon 1 / 254.
   */
  readonly roundedActivations?: Readonly<Partial<Record<WeightDType, Tolerance>>>
  /**
   * Whether ops look at the values of their arguments, such as ids, and refuse them. Those that cannot, as they return
   * before a device has seen them, give NaN instead: for that id, and for nothing else. Default true.
   */
  readonly seesValues?: boolean
}

/** The options, filled in, and the backend under test; it is there once the tests run. */
export interface Suite extends Required<ConformanceOptions> {
  readonly backend: () => Backend
}

/** Asserts a property for random values, each with a workbench of its own: half of them dense, half with views. */
export async function forAll<T>(
  suite: Suite,
  values: fc.Arbitrary<T>,
  property: (workbench: Workbench, value: T) => Promise<void>,
): Promise<void> {
  const layouts = fc.oneof({ withCrossShrink: true }, fc.constant(undefined), seeds)
  await fc.assert(
    fc.asyncProperty(values, layouts, (value, layout) =>
      onWorkbench(suite, (workbench) => property(workbench, value), layout),
    ),
    { numRuns: suite.runs, interruptAfterTimeLimit: suite.timeLimit, markInterruptAsFailure: true },
  )
}

/**
 * Runs a test on a workbench. Afterwards its inputs must hold what they held, and all its tensors are freed.
 * @param layout as in {@link Workbench}
 */
export async function onWorkbench(
  suite: Suite,
  test: (workbench: Workbench) => Promise<void>,
  layout?: number,
): Promise<void> {
  const workbench = new Workbench(suite.backend(), layout)
  try {
    await test(workbench)
    await workbench.expectInputsUnchanged()
  } finally {
    workbench.destroy()
  }
}
