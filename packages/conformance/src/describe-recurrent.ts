import { expectSame, expectWithin, type Floats, sliceAxis, splitLength } from '@mamba/testing'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import {
  type Expected,
  type Outcome,
  partOfBatch,
  type RecurrentDims,
  type RecurrentOp,
  run,
  selectSequence,
  spliceAt,
} from './recurrent-op.ts'
import { seeds } from './sizes.ts'
import { forAll, type Suite } from './suite.ts'

/**
 * The tests of an op with a recurrent state: it is right however its sequences are split, along time and along the
 * batch, and never looks ahead.
 * @param published sizes of published models, each of them tested once
 */
export function describeRecurrent<
  Dims extends RecurrentDims,
  S extends string,
  W extends string,
  H extends string,
>(suite: Suite, op: RecurrentOp<Dims, S, W, H>, published: readonly Dims[]): void {
  const cases = fc.record({ dims: op.dims(suite.maxSize), seed: seeds })

  describe(op.name, () => {
    test('gives the result and the state of the float64 reference', async () => {
      await forAll(suite, cases, async (workbench, { dims, seed }) => {
        const inputs = op.inputs(dims, seed)
        expectOutcome(op, await run(workbench, op, inputs, dims), op.reference(inputs, dims))
      })
    })

    test('does so for the shapes of published models', async () => {
      for (const dims of published) {
        await forAll({ ...suite, runs: 1 }, seeds, async (workbench, seed) => {
          const inputs = op.inputs(dims, seed)
          expectOutcome(op, await run(workbench, op, inputs, dims), op.reference(inputs, dims))
        })
      }
    })

    test('is split-invariant: pieces and single positions, carrying the state, give what one call gives', async () => {
      await forAll(suite, cases, async (workbench, { dims, seed }) => {
        const inputs = op.inputs(dims, seed)
        const want = op.reference(inputs, dims)
        for (const lengths of [splitLength(dims.length, seed), new Array<number>(dims.length).fill(1)]) {
          expectOutcome(op, await run(workbench, op, inputs, dims, lengths), want)
        }
      })
    })

    test('is causal: other inputs from position t on change no bit of the result before t', async () => {
      await forAll(suite, cases, async (workbench, { dims, seed }) => {
        const t = seed % (dims.length + 1)
        const inputs = op.inputs(dims, seed)
        const changed = spliceAt(inputs, op.inputs(dims, seed + 1), dims, t)
        const past = ({ y }: Outcome<H>) =>
          sliceAxis(y, [dims.batch, dims.length, op.outputWidth(dims)], 1, 0, t)
        expectSame(
          past(await run(workbench, op, changed, dims)),
          past(await run(workbench, op, inputs, dims)),
        )
      })
    })

    test('keeps sequences apart: each of a batch gives bit for bit what it gives alone', async () => {
      await forAll(suite, cases, async (workbench, { dims, seed }) => {
        const { batch } = dims
        const inputs = op.inputs(dims, seed)
        const together = await run(workbench, op, inputs, dims)
        for (let b = 0; b < batch; b++) {
          const alone = await run(workbench, op, selectSequence(inputs, batch, b), { ...dims, batch: 1 })
          expectSame(alone.y, partOfBatch(together.y, batch, b))
          for (const name of Object.keys(alone.state) as H[]) {
            expectSame(alone.state[name], partOfBatch(together.state[name], batch, b))
          }
        }
      })
    })
  })
}

function expectOutcome<Dims extends RecurrentDims, S extends string, W extends string, H extends string>(
  { tolerance, period }: RecurrentOp<Dims, S, W, H>,
  got: Outcome<H>,
  { y, state, scale }: Expected<H>,
): void {
  expectWithin(got.y, y, scale.y, tolerance)
  for (const name of Object.keys(state) as H[]) {
    const values = moduloPeriod(got.state[name], state[name], period?.[name])
    expectWithin(values, state[name], scale.state[name], tolerance)
  }
}

/** Moves every value by whole periods until it is as near to what is wanted as it can be. */
function moduloPeriod(values: Floats, wanted: Floats, period: number | undefined): Floats {
  if (period === undefined) {
    return values
  }
  return Float64Array.from(values, (value, i) => value + period * Math.round((wanted[i]! - value) / period))
}
