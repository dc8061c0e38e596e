import { fixturePath } from '@mamba/testing'
import { describe, test } from 'vitest'
import { expectVerified } from '../../testing/expect-verified.ts'

describe('Mamba-3 agrees with the official float32 references', () => {
  const variants = {
    'mamba3-siso': 'with one input and output a head, half of the states rotated',
    'mamba3-siso-mlp': 'with gated MLPs, wider than the configuration says',
    'mamba3-siso-norm-groups': 'with groups, a norm of the output, all states rotated, and an untied head',
    'mamba3-mimo': 'with four ranks',
    'mamba3-mimo-norm': 'with two ranks and a norm of the output',
    'mamba3-mimo-groups': 'with three ranks and groups',
  }
  for (const [folder, what] of Object.entries(variants)) {
    test(what, () => expectVerified(fixturePath(folder)))
  }
})
