import { fixturePath } from '@mamba/testing'
import { test } from 'vitest'
import { expectVerified } from '../../testing/expect-verified.ts'

test('FalconMamba agrees with transformers', () => expectVerified(fixturePath('falcon-mamba')))
