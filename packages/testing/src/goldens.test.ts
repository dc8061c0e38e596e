import { describe, expect, test } from 'vitest'
import { fixturePath, sharedPath } from './fixtures.ts'
import { readGoldens } from './goldens.ts'

describe('readGoldens', () => {
  const goldens = readGoldens(fixturePath('mamba2', 'expected.safetensors'))

  test('lists the tensors', () => {
    expect(goldens.names).toContain('logits')
    expect(goldens.names).not.toContain('__metadata__')
  })
  test('reads float32 and int32 with their shapes', () => {
    const logits = goldens.floats('logits')
    expect(logits.shape).toEqual([2, 37, 160])
    expect(logits.data).toHaveLength(2 * 37 * 160)
    const ids = goldens.ints('input_ids')
    expect(ids.shape).toEqual([2, 37])
    expect(Math.max(...ids.data)).toBeLessThan(160)
  })
  test('agrees with the file that loss is the cross-entropy of logits and ids', () => {
    const logits = goldens.floats('logits').data
    const ids = goldens.ints('input_ids').data
    let nll = 0
    for (let row = 0; row < 2 * 37; row++) {
      if (row % 37 !== 36) {
        const scores = logits.subarray(row * 160, (row + 1) * 160)
        nll += Math.log(scores.reduce((sum, score) => sum + Math.exp(score), 0)) - scores[ids[row + 1]!]!
      }
    }
    expect(nll / 72).toBeCloseTo(goldens.floats('loss').data[0]!, 5)
  })
  test('names the file and the tensor that is missing or of another type', () => {
    expect(() => goldens.floats('absent')).toThrow('absent is missing; expected F32')
    expect(() => goldens.floats('input_ids')).toThrow('input_ids is I32; expected F32')
  })
})

test('sharedPath is undefined for what is not there', () => {
  expect(sharedPath('no', 'such', 'folder')).toBeUndefined()
})
