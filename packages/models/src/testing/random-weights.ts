import { fill, seededRandom } from '@mamba/testing'
import type { TestTensor } from './memory-checkpoint.ts'

/**
 * Weights for tensors of these shapes, of sizes that trained models have: matrices keep the size of what they multiply,
 * norms are near 1, decays and step sizes are slow and fast.
 */
export function randomWeights(
  shapes: Readonly<Record<string, readonly number[]>>,
  seed: number,
): Record<string, TestTensor> {
  const random = seededRandom(seed)
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const count = shape.reduce((product, size) => product * size, 1)
      return [name, { shape, data: fill(count, generator(name, shape, random)) }]
    }),
  )
}

function generator(
  name: string,
  shape: readonly number[],
  random: ReturnType<typeof seededRandom>,
): () => number {
  if (name.endsWith('A_log')) return () => random.between(-2, 2.5)
  if (/norm\w*\.weight$/.test(name)) return () => random.between(0.5, 1.5)
  if (/dt_bias$|dt_proj\.bias$/.test(name)) return () => random.between(-6, 1)
  if (name.includes('embedding') || shape.length === 1) return random.normal
  const scale = 1 / Math.sqrt(shape.at(-1)!)
  return () => scale * random.normal()
}
