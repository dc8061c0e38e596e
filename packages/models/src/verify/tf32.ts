import { cpu } from '@mamba/core'
import type { SourceInput } from '../checkpoint/index.ts'
import { loadModel } from '../model/load-model.ts'
import type { Expected } from './expected.ts'
import { measure, type Values } from './measure.ts'

/** How many times closer TF32 must come to a reference than float32 does, to be what it was computed with. */
const clearlyCloser = 3

/**
 * Finds out whether a reference owes its distance from float32 to its arithmetic. The official kernels of Mamba-2 cut
 * the float32 operands of their matrix products to TF32, 10 bits of mantissa, on GPUs with tensor cores; the results
 * are some 10⁻³ standard deviations away from those of float32.
 * @param want the reference's activations
 * @param known what the cpu backend made of it, if that was run already
 * @returns what is to be added to the reference's values to have them in float32, within what TF32 leaves open;
 * undefined if the reference was not computed that way
 */
export async function tf32Correction(
  source: SourceInput,
  expected: Expected,
  ids: readonly number[][],
  want: Values,
  known: Values | undefined,
  signal: AbortSignal | undefined,
): Promise<Values | undefined> {
  const run = async (ssdProducts: 'exact' | 'tf32') => {
    using model = await loadModel(source, { backend: cpu({ ssdProducts }), signal })
    // Awaited here: the model must live until it has run.
    return await measure(model, expected, ids)
  }
  const exact = known ?? (await run('exact'))
  const tf32 = await run('tf32')
  const isCloser = Array.from(want, ([name, values]) => {
    return clearlyCloser * distance(tf32.get(name)!, values) < distance(exact.get(name)!, values)
  })
  if (isCloser.length === 0 || isCloser.includes(false)) return undefined
  return new Map(
    Array.from(exact, ([name, values]) => [name, values.map((value, i) => value - tf32.get(name)![i]!)]),
  )
}

/** √Σ(a − b)². @returns NaN if the lengths differ or a value is NaN */
function distance(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.NaN
  return Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0))
}
