import { fixturePath, sharedPath } from '@mamba/testing'
import { describe, test } from 'vitest'
import { expectVerified, expectVerifiedPart } from '../../testing/expect-verified.ts'

describe('Mamba-2 agrees with transformers', () => {
  test('with default options', () => expectVerified(fixturePath('mamba2')))

  test('with two groups under one norm, biases, and an untied head', () =>
    expectVerified(fixturePath('mamba2-groups')))

  test('with a clamped step size, token by token too', () => expectVerified(fixturePath('mamba2-clamp')))

  const trained = sharedPath('models', 'stories-mamba2-13m')
  // Wide limits, because this reference is not float32 all through. Its scan multiplied in TF32: with the operands of
  // those products cut to 10 bits, a float64 computation comes from 8e-4 to 1e-6 of its first token's likelihood.
  test.skipIf(trained === undefined)('as a trained model in bfloat16', () =>
    expectVerifiedPart(trained!, { length: 160, generated: 20, nll: { mean: 1e-4, token: 1e-2 } }),
  )
})
