import { breathe } from '../generate/breathe.ts'
import type { Model } from '../model/model.ts'
import type { State } from '../state/state.ts'
import { type Check, check, deviation, largestDifference } from './check.ts'
import { activationLimit } from './reference-checks.ts'

/** Positions that are compared: enough for every effect of a state, few enough for a slow backend. */
const maxLength = 256

/**
 * Checks the model against itself: one pass over a sequence, any split of it into chunks, token by token, and going on
 * from a saved state must agree.
 * @param random numbers in [0, 1), for the splits
 */
export async function* checkIdentities(
  model: Model,
  ids: readonly number[][],
  random: () => number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Check> {
  const sequences = ids.map((sequence) => sequence.slice(0, maxLength))
  const length = sequences[0]!.length
  const whole = await readIn(model, sequences, [length], signal)
  for (const name of ['random chunks', 'other random chunks']) {
    const chunked = await readIn(model, sequences, randomSplit(length, random), signal)
    yield check(`one pass = ${name}`, deviation(chunked, whole), activationLimit)
  }
  const single = await readIn(
    model,
    sequences,
    Array.from({ length }, () => 1),
    signal,
  )
  yield check('one pass = token by token', deviation(single, whole), activationLimit)
  yield check('saved and reloaded state', await reloadDifference(model, sequences), 0)
}

/** Logits of all positions, read in chunks of the given lengths: (batch, length, vocabulary). */
async function readIn(
  model: Model,
  ids: readonly number[][],
  chunks: readonly number[],
  signal: AbortSignal | undefined,
): Promise<Float32Array> {
  using state = model.createState({ batch: ids.length })
  const length = ids[0]!.length
  const vocabulary = model.config.paddedVocabSize
  const out = new Float32Array(ids.length * length * vocabulary)
  let start = 0
  for (const size of chunks) {
    signal?.throwIfAborted()
    await breathe()
    const part = await logitsOf(model, ids, start, start + size, state)
    for (let row = 0; row < ids.length; row++) {
      const values = part.subarray(row * size * vocabulary, (row + 1) * size * vocabulary)
      out.set(values, (row * length + start) * vocabulary)
    }
    start += size
  }
  return out
}

async function logitsOf(model: Model, ids: readonly number[][], start: number, end: number, state: State) {
  const chunk = ids.map((sequence) => sequence.slice(start, end))
  using logits = model.forward(chunk, { state, logits: 'all' }).logits
  return (await logits.read()) as Float32Array
}

/** Lengths, at least one each, that add up to `length`; short and long ones. */
function randomSplit(length: number, random: () => number): number[] {
  const sizes: number[] = []
  for (let rest = length; rest > 0; rest -= sizes.at(-1)!) {
    sizes.push(1 + Math.floor(random() ** 3 * rest))
  }
  return sizes
}

/** Reads half, saves the state, and reads on from it and from its reloaded copy. */
async function reloadDifference(model: Model, ids: readonly number[][]): Promise<number> {
  const length = ids[0]!.length
  const half = Math.floor(length / 2)
  using state = model.createState({ batch: ids.length })
  if (half > 0) await logitsOf(model, ids, 0, half, state)
  using reloaded = await model.loadState(await state.save())
  if (reloaded.position !== state.position) return Number.NaN
  const straight = await logitsOf(model, ids, half, length, state)
  return largestDifference(await logitsOf(model, ids, half, length, reloaded), straight)
}
