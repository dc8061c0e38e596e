import { joinAxis, seededRandom, seeds, splitLength } from '@mamba/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { loadModel } from '../model/load-model.ts'
import type { Model } from '../model/model.ts'
import { countingBackend } from '../testing/counting-backend.ts'
import { logitsOf, relativeError } from '../testing/logits.ts'
import { modelFiles, type TestCheckpoint } from '../testing/memory-checkpoint.ts'
import { randomCheckpoints } from '../testing/random-checkpoint.ts'

/**
 * Between calls the state is rounded to float32, within one it is not. The worst seen in 5,000 random models is 4.4e-6,
 * where a norm divides by something small.
 */
const splitTolerance = 3e-5

const lengths = fc.constantFrom(1, 2, 3, 7, 13)

function randomIds(batch: number, length: number, vocabSize: number, seed: number): number[][] {
  const random = seededRandom(seed)
  return Array.from({ length: batch }, () => Array.from({ length }, () => random.integer(0, vocabSize - 1)))
}

/** Logits of all positions, read in pieces, some of which may be empty: (batch, length, paddedVocabSize). */
async function logitsInPieces(
  model: Model,
  ids: number[][],
  pieces: readonly number[],
): Promise<Float32Array> {
  using state = model.createState({ batch: ids.length })
  const parts: Float32Array[] = []
  let start = 0
  for (const piece of pieces.filter((length) => length > 0)) {
    const part = ids.map((sequence) => sequence.slice(start, start + piece))
    parts.push(await logitsOf(model, part, { state, logits: 'all' }))
    start += piece
  }
  expect(state.position).toBe(ids[0]!.length)
  return joinAxis(parts, [ids.length, ids[0]!.length, model.config.paddedVocabSize], 1)
}

async function withModel(checkpoint: TestCheckpoint, run: (model: Model) => Promise<void>): Promise<void> {
  const { backend, live } = countingBackend()
  const model = await loadModel(modelFiles(checkpoint), { backend })
  expect([...model.tensors.keys()].sort()).toEqual(Object.keys(checkpoint.tensors).sort())
  await run(model)
  model.dispose()
  expect(live()).toBe(0)
}

describe.each(Object.entries(randomCheckpoints))('any %s', (_, checkpoints) => {
  test('computes in one pass what it does in any pieces and token by token', () =>
    fc.assert(
      fc.asyncProperty(checkpoints, lengths, seeds, (checkpoint, length, seed) =>
        withModel(checkpoint, async (model) => {
          const ids = randomIds(2, length, model.vocabSize, seed)
          const whole = await logitsOf(model, ids)
          expect(whole.every(Number.isFinite)).toBe(true)
          for (const pieces of [splitLength(length, seed), new Array<number>(length).fill(1)]) {
            expect(relativeError(await logitsInPieces(model, ids, pieces), whole)).toBeLessThan(
              splitTolerance,
            )
          }
        }),
      ),
      { numRuns: 40 },
    ))

  test('computes for each sequence of a batch exactly what it does for it alone, the last position too', () =>
    fc.assert(
      fc.asyncProperty(checkpoints, lengths, seeds, (checkpoint, length, seed) =>
        withModel(checkpoint, async (model) => {
          const ids = randomIds(3, length, model.vocabSize, seed)
          const together = await logitsOf(model, ids)
          const alone = await Promise.all(ids.map((sequence) => logitsOf(model, sequence)))
          const row = model.config.paddedVocabSize
          expect(together).toEqual(joinAxis(alone, [3, length, row], 0))
          const last = await logitsOf(model, ids[2]!, { logits: 'last' })
          expect(last).toEqual(together.slice(-row))
        }),
      ),
      { numRuns: 15 },
    ))

  test('goes on from a saved state exactly as from the state itself', () =>
    fc.assert(
      fc.asyncProperty(checkpoints, seeds, (checkpoint, seed) =>
        withModel(checkpoint, async (model) => {
          const ids = randomIds(2, 5, model.vocabSize, seed)
          using state = model.createState({ batch: 2 })
          model.forward(ids, { state }).logits.destroy()
          using loaded = await model.loadState(await state.save())
          expect(await logitsOf(model, ids, { state: loaded })).toEqual(await logitsOf(model, ids, { state }))
        }),
      ),
      { numRuns: 15 },
    ))
})
