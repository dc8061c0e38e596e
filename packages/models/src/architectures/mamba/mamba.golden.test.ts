import { fixturePath, sharedPath } from '@mamba/testing'
import { describe, test } from 'vitest'
import { expectVerified, expectVerifiedPart } from '../../testing/expect-verified.ts'

describe('Mamba-1 agrees with transformers', () => {
  test('with default options', () => expectVerified(fixturePath('mamba')))

  test('with biases of the projections, none of the convolution, another kernel, and an untied head', () =>
    expectVerified(fixturePath('mamba-options')))

  const trained = sharedPath('models', 'stories-mamba-13m')
  test.skipIf(trained === undefined)('as a trained model in bfloat16', () =>
    expectVerifiedPart(trained!, { length: 160, generated: 20, nll: { mean: 1e-5, token: 1e-4 } }),
  )
})
