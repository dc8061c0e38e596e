import { type DType, toFloat32, typedArrayOf, weightDTypes } from '@mamba/core'
import { describe, expect, test } from 'vitest'
import type { Source } from '../checkpoint/index.ts'
import { inspectModel } from '../model/inspect-model.ts'
import { loadModel } from '../model/load-model.ts'
import type { Preset } from './presets.ts'
import { type RandomModelOptions, randomModel, randomModelNames, randomSource } from './random-model.ts'

const tiny: Preset = {
  layer: 'Mamba1',
  nLayers: 2,
  dModel: 64,
  vocabSize: 61,
  padVocabSizeMultiple: 16,
  dIntermediate: 0,
}
const layers = ['Mamba1', 'Mamba2', 'Mamba3'] as const
const embedding = 'backbone.embedding.weight'

function tinySource(layer: Preset['layer'], options?: RandomModelOptions): Source {
  return randomSource('random:tiny', { ...tiny, layer, dIntermediate: layer === 'Mamba3' ? 100 : 0 }, options)
}

/** A tensor of a source as float32. */
async function values({ weights }: Source, name: string): Promise<Float32Array> {
  const { dtype, shape } = weights!.info(name)
  const count = shape.reduce((product, size) => product * size, 1)
  return toFloat32(dtype!, typedArrayOf(dtype!, await weights!.read(name)), count)
}

describe('the published sizes', () => {
  // Counted from the shapes of the published files.
  const parameters: Readonly<Record<string, number>> = {
    'mamba-130m': 129_135_360,
    'mamba-370m': 371_516_416,
    'mamba-790m': 793_204_224,
    'mamba-1.4b': 1_372_178_432,
    'mamba-2.8b': 2_768_345_600,
    'mamba2-130m': 128_989_632,
    'mamba2-370m': 368_346_624,
    'mamba2-780m': 780_161_280,
    'mamba2-1.3b': 1_343_757_312,
    'mamba2-2.7b': 2_702_599_680,
    'mamba3-siso-187m': 186_849_600,
  }

  test.each(randomModelNames)('of %s have its number of parameters', async (name) => {
    const summary = await inspectModel(randomModel(name))
    expect(summary.parameters).toBe(parameters[name])
    expect(summary).toMatchObject({ layout: 'official', format: 'memory', tokenizer: undefined })
  })
})

describe.each(layers)('%s', (layer) => {
  test('loads in every dtype, and computes finite logits that do not depend on it much', async () => {
    const logits = async (dtype: DType) => {
      using model = await loadModel(tinySource(layer, { dtype, seed: 3 }))
      const { logits } = model.forward([1, 60, 17, 5])
      return (await logits.read()) as Float32Array
    }
    const exact = await logits('f32')
    const spread = Math.hypot(...exact)
    for (const dtype of weightDTypes) {
      const got = await logits(dtype)
      expect(got.every(Number.isFinite)).toBe(true)
      // Only q8_0 and q4_0 take their random bits in another order.
      if (dtype.startsWith('q')) continue
      expect(Math.hypot(...got.map((x, i) => x - exact[i]!)) / spread).toBeLessThan(0.03)
    }
  })

  test('matrices have the dtype that is asked for, and all else is f32', () => {
    const { weights } = tinySource(layer, { dtype: 'q8_0' })
    const quantised = weights!.names.filter((name) => weights!.info(name).dtype === 'q8_0')
    expect(
      weights!.names.filter((name) => /embedding|(in|x|out)_proj.weight|fc\d.weight/.test(name)),
    ).toEqual(quantised)
    for (const name of weights!.names) expect(['q8_0', 'f32']).toContain(weights!.info(name).dtype)
  })
})

test('the same seed gives the same bytes, another seed and another tensor others', async () => {
  const source = tinySource('Mamba1', { seed: 5 })
  const read = (name: string) => source.weights!.read(name)
  const inProj = 'backbone.layers.0.mixer.in_proj.weight'
  expect(await read(inProj)).toEqual(await read(inProj))
  expect(await read(inProj)).toEqual(await tinySource('Mamba1', { seed: 5 }).weights!.read(inProj))
  expect(await read(inProj)).not.toEqual(await read('backbone.layers.1.mixer.in_proj.weight'))
  expect(await read(inProj)).not.toEqual(await tinySource('Mamba1', { seed: 6 }).weights!.read(inProj))
})

test.each(weightDTypes)('in %s the embedding is normal with deviation 0.02', async (dtype) => {
  const source = randomSource('random:wide', { ...tiny, vocabSize: 4096 }, { dtype })
  const elements = await values(source, embedding)
  const mean = elements.reduce((sum, x) => sum + x, 0) / elements.length
  const deviation = Math.sqrt(elements.reduce((sum, x) => sum + (x - mean) ** 2, 0) / elements.length)
  const within = elements.filter((x) => Math.abs(x) < 0.02).length / elements.length
  expect(Math.abs(mean)).toBeLessThan(2e-4)
  expect(deviation).toBeCloseTo(0.02, 3)
  // Erf(1/√2), give or take what four bits blur.
  expect(Math.abs(within - 0.683)).toBeLessThan(dtype === 'q4_0' ? 0.08 : 0.01)
})

test('decays and step sizes are those of the official initialisation', async () => {
  const mamba = tinySource('Mamba1')
  expect(Array.from((await values(mamba, 'backbone.layers.0.mixer.A_log')).slice(0, 16), Math.exp)).toEqual(
    Array.from({ length: 16 }, (_, n) => expect.closeTo(n + 1, 4)),
  )
  const bias = await values(mamba, 'backbone.layers.1.mixer.dt_proj.bias')
  const steps = Array.from(bias, (x) => Math.log1p(Math.exp(x)))
  expect(Math.min(...steps)).toBeGreaterThan(0.00099)
  expect(Math.max(...steps)).toBeLessThan(0.101)
})

test('what cannot be made is refused with what can', () => {
  expect(() => randomModel('mamba-7b')).toThrow('the model is "mamba-7b"; expected one of mamba-130m')
  expect(() => randomModel('constructor')).toThrow('expected one of')
  expect(() => randomModel('mamba-130m', { dtype: 'i32' })).toThrow('dtype is i32; expected one of f32, f16')
  expect(() => randomModel('mamba-130m', { seed: 0.5 })).toThrow('seed is 0.5; expected a whole number')
})
