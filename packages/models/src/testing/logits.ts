import { expect } from 'vitest'
import type { LoadModelOptions } from '../model/load-model.ts'
import { loadModel } from '../model/load-model.ts'
import type { ForwardOptions, Model } from '../model/model.ts'
import type { TokenIds } from '../model/token-ids.ts'
import { modelFiles, type TestCheckpoint } from './memory-checkpoint.ts'

/** Logits of all positions, or of the last. */
export async function logitsOf(
  model: Model,
  ids: TokenIds,
  options: ForwardOptions = { logits: 'all' },
): Promise<Float32Array> {
  using logits = model.forward(ids, options).logits
  return (await logits.read()) as Float32Array
}

/** Loads a checkpoint that a test made, and computes the logits of all positions. */
export async function logitsOfCheckpoint(
  source: TestCheckpoint | Record<string, Uint8Array>,
  ids: TokenIds,
  options?: LoadModelOptions,
): Promise<Float32Array> {
  const files = 'tensors' in source ? modelFiles(source as TestCheckpoint) : source
  using model = await loadModel(files as Record<string, Uint8Array>, options)
  return logitsOf(model, ids)
}

/** The largest difference between two arrays, relative to the largest element of the second. */
export function relativeError(got: ArrayLike<number>, want: ArrayLike<number>): number {
  expect(got.length).toBe(want.length)
  let difference = 0
  let largest = 0
  for (let i = 0; i < want.length; i++) {
    difference = Math.max(difference, Math.abs(got[i]! - want[i]!))
    largest = Math.max(largest, Math.abs(want[i]!))
  }
  return difference / largest
}
