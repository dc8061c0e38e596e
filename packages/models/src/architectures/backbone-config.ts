import type { GatedMlpConfig } from '../blocks/gated-mlp.ts'
import type { ConfigReader } from '../config/index.ts'
import type { BackboneConfig } from './backbone.ts'

/** Many times more than any model has. Without a limit a damaged number of layers would fill the memory. */
const maxLayers = 10_000

type CommonConfig = Omit<BackboneConfig<never>, 'mixer'>

/**
 * What Hugging Face's configurations of pure Mamba models have in common.
 * @param tiedByDefault what a missing `tie_word_embeddings` means: the classes differ
 * @throws ConfigError
 */
export function huggingFaceBackbone(
  raw: ConfigReader,
  { modelType, tiedByDefault }: { readonly modelType: string; readonly tiedByDefault: boolean },
): CommonConfig {
  if (raw.string('hidden_act', 'silu') !== 'silu') throw raw.error('hidden_act', '"silu"')
  const vocabSize = raw.size('vocab_size')
  return {
    modelType,
    dModel: raw.size('hidden_size'),
    nLayers: layerCount(raw, 'num_hidden_layers'),
    vocabSize,
    paddedVocabSize: vocabSize,
    eps: epsilon(raw, 'layer_norm_epsilon', 1e-5),
    tiedEmbeddings: raw.boolean('tie_word_embeddings', tiedByDefault),
  }
}

/** The ε of every norm in the official code, which has no key for it. */
export const officialEps = 1e-5

/**
 * What the official repository's configurations have in common. The vocabulary is padded in code, not in the file.
 * @throws ConfigError, also for what is not supported: LayerNorm, and attention among the layers
 */
export function officialBackbone(raw: ConfigReader, modelType: string): CommonConfig {
  if (!raw.boolean('rms_norm', true)) throw raw.error('rms_norm', 'true; LayerNorm is not supported')
  if (raw.wholeNumbers('attn_layer_idx', []).length > 0) {
    throw raw.error('attn_layer_idx', 'an empty list; attention layers are not supported')
  }
  const dModel = raw.size('d_model')
  const vocabSize = raw.size('vocab_size')
  return {
    modelType,
    dModel,
    nLayers: layerCount(raw, 'n_layer'),
    vocabSize,
    paddedVocabSize: roundUp(vocabSize, raw.size('pad_vocab_size_multiple', 8)),
    eps: officialEps,
    tiedEmbeddings: raw.boolean('tie_embeddings', true),
    mlp: officialMlp(dModel, raw.wholeNumber('d_intermediate', 0)),
  }
}

/** The official gated MLP rounds its width up to a multiple of 128, so that the file is wider than its config says. */
function officialMlp(dModel: number, dIntermediate: number): GatedMlpConfig | undefined {
  return dIntermediate > 0 ? { dModel, dHidden: roundUp(dIntermediate, 128) } : undefined
}

/** The ε of a norm. @throws ConfigError if it is negative, which would give NaN */
export function epsilon(raw: ConfigReader, key: string, fallback: number): number {
  const eps = raw.number(key, fallback)
  if (eps < 0) throw raw.error(key, 'a number of at least 0')
  return eps
}

function layerCount(raw: ConfigReader, key: string): number {
  const layers = raw.size(key)
  if (layers > maxLayers) throw raw.error(key, `at most ${maxLayers}`)
  return layers
}

function roundUp(size: number, multiple: number): number {
  return Math.ceil(size / multiple) * multiple
}

/**
 * How many heads channels are divided into.
 * @param keys what the two sizes are called in the file, for messages
 * @throws ConfigError if headDim does not divide the channels or nGroups the heads
 */
export function headCount(
  raw: ConfigReader,
  keys: { readonly headDim: string; readonly nGroups: string },
  {
    channels,
    headDim,
    nGroups,
  }: { readonly channels: number; readonly headDim: number; readonly nGroups: number },
): number {
  if (channels % headDim !== 0) throw raw.error(keys.headDim, `a divisor of the ${channels} channels`)
  const nHeads = channels / headDim
  if (nHeads % nGroups !== 0) throw raw.error(keys.nGroups, `a divisor of the ${nHeads} heads`)
  return nHeads
}
