import type { Backend, DType } from '@mamba/core'
import { loadModel, type Model, randomModel, randomModelNames } from '@mamba/models'

/** Models that are measured if no others are asked for, small ones first. */
export const defaultModels: readonly string[] = [
  'mamba-130m',
  'mamba2-130m',
  'mamba3-siso-187m',
  'mamba-1.4b',
  'mamba2-1.3b',
  'mamba-2.8b',
]

/**
 * Loads random weights of a published model's sizes, or a checkpoint.
 * @param name of a published model, or a folder, file or URL
 * @param dtype of random weights
 */
export async function openModel(
  name: string,
  dtype: DType,
  backend: Backend,
  signal: AbortSignal,
): Promise<Model> {
  const start = performance.now()
  const source = randomModelNames.includes(name) ? randomModel(name, { dtype }) : name
  const model = await loadModel(source, { backend, signal })
  await backend.finish()
  console.log(`${name} ${dtype}: loaded in ${((performance.now() - start) / 1000).toFixed(1)} s`)
  return model
}

/** Ids from all over the vocabulary, the same each time. @param batch several sequences of them */
export function someIds(length: number, vocabSize: number): number[]
export function someIds(length: number, vocabSize: number, batch: number): number[][]
export function someIds(length: number, vocabSize: number, batch?: number): number[] | number[][] {
  if (batch !== undefined) {
    return Array.from({ length: batch }, () => someIds(length, vocabSize))
  }
  return Array.from({ length }, (_, i) => (Math.imul(i + 1, 0x9e3779b1) >>> 0) % vocabSize)
}
