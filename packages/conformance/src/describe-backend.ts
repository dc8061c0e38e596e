import type { Backend } from '@mamba/core'
import { afterAll, beforeAll, describe } from 'vitest'
import { describeCausalConv1d } from './ops/causal-conv1d.ts'
import { describeCrossEntropy } from './ops/cross-entropy.ts'
import { describeElementwise } from './ops/elementwise.ts'
import { describeEmbedding } from './ops/embedding.ts'
import { describeLinear } from './ops/linear.ts'
import { describeMamba3Scan } from './ops/mamba3-scan.ts'
import { describePositions } from './ops/positions.ts'
import { describeRmsNorm } from './ops/rms-norm.ts'
import { describeSample } from './ops/sample.ts'
import { describeSelectiveScan } from './ops/selective-scan.ts'
import { describeSsd } from './ops/ssd.ts'
import { describeLifetimes } from './semantics/lifetimes.ts'
import { describeRefusals } from './semantics/refusals.ts'
import { describeTensors } from './semantics/tensors.ts'
import { describeViews } from './semantics/views.ts'
import type { ConformanceOptions, Suite } from './suite.ts'

/**
 * The tests that every backend must pass: each op against the float64 functions of core on random shapes and layouts,
 * recurrent ops in pieces, and what `Backend` promises about tensors and their memory.
 * @param name of the outermost `describe`
 * @param create makes the backend, once for all tests; destroyed after them
 */
export function describeBackend(
  name: string,
  create: () => Promise<Backend> | Backend,
  options: ConformanceOptions = {},
): void {
  describe(name, () => {
    let backend: Backend
    beforeAll(async () => {
      backend = await create()
    })
    afterAll(() => backend.destroy())
    const suite: Suite = {
      runs: 40,
      maxSize: 70,
      timeLimit: 20_000,
      roundedActivations: {},
      seesValues: true,
      ...options,
      backend: () => backend,
    }
    describeTensors(suite)
    describeViews(suite)
    describeLifetimes(suite)
    describeRefusals(suite)
    describeEmbedding(suite)
    describeLinear(suite)
    describeElementwise(suite)
    describeRmsNorm(suite)
    describeCausalConv1d(suite)
    describeSelectiveScan(suite)
    describeSsd(suite)
    describeMamba3Scan(suite)
    describePositions(suite)
    describeCrossEntropy(suite)
    describeSample(suite)
  })
}
