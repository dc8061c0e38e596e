import { readFile } from 'node:fs/promises'
import { fixturePath } from '@mamba/testing'
import type { LoadModelOptions } from '../model/load-model.ts'
import { loadModel } from '../model/load-model.ts'
import type { Model } from '../model/model.ts'
import { modelFiles } from './memory-checkpoint.ts'
import { randomWeights } from './random-weights.ts'

const dModel = 8
const dInner = 16
const vocabSize = 4096

/** The folder of the embedded story model. */
export const storiesFolder = fixturePath('..', 'packages', 'stories', 'data')

/**
 * A Mamba-1 of one layer and 8 channels with random weights and the tokenizer of the story model: it writes nonsense,
 * thousands of tokens a second, half characters among them.
 * @param generation what its generation_config.json says; there is none by default
 */
export async function tinyTextModel(options?: LoadModelOptions, generation?: object): Promise<Model> {
  const layer = 'backbone.layers.0.'
  const tensors = randomWeights(
    {
      'backbone.embeddings.weight': [vocabSize, dModel],
      'backbone.norm_f.weight': [dModel],
      [`${layer}norm.weight`]: [dModel],
      [`${layer}mixer.in_proj.weight`]: [2 * dInner, dModel],
      [`${layer}mixer.conv1d.weight`]: [dInner, 1, 4],
      [`${layer}mixer.conv1d.bias`]: [dInner],
      [`${layer}mixer.x_proj.weight`]: [1 + 2 * 4, dInner],
      [`${layer}mixer.dt_proj.weight`]: [dInner, 1],
      [`${layer}mixer.dt_proj.bias`]: [dInner],
      [`${layer}mixer.A_log`]: [dInner, 4],
      [`${layer}mixer.D`]: [dInner],
      [`${layer}mixer.out_proj.weight`]: [dModel, dInner],
    },
    7,
  )
  const config = {
    model_type: 'mamba',
    vocab_size: vocabSize,
    hidden_size: dModel,
    num_hidden_layers: 1,
    state_size: 4,
    eos_token_id: 0,
  }
  const files = modelFiles({ config, tensors })
  for (const name of ['tokenizer.json', 'tokenizer_config.json']) {
    files[name] = await readFile(`${storiesFolder}/${name}`)
  }
  if (generation) files['generation_config.json'] = new TextEncoder().encode(JSON.stringify(generation))
  return loadModel(files, options)
}
