import { cpu } from '@mamba/core'
import { expect, test } from 'vitest'
import { weightUse } from './weights.ts'

const backend = cpu()
const embedding = ['backbone.embedding.weight', backend.zeros([10, 32], 'q8_0')] as const
const norm = ['backbone.norm_f.weight', backend.zeros([32])] as const
const head = ['lm_head.weight', backend.zeros([10, 32], 'f16')] as const

test('an embedding that is the head too is read whole', () => {
  expect(weightUse(new Map([embedding, norm]))).toEqual({
    weightDtype: 'q8_0',
    weightBytes: 340 + 128,
    bytesPerToken: 340 + 128,
  })
})

test('of an embedding that is not the head one row is read', () => {
  expect(weightUse(new Map([embedding, norm, head]))).toEqual({
    weightDtype: 'f16',
    weightBytes: 340 + 128 + 640,
    bytesPerToken: 34 + 128 + 640,
  })
})
