import type { Ops, Tensor } from '@mamba/core'
import type { Block } from '../blocks/block.ts'
import { type GatedMlpConfig, type GatedMlpWeights, gatedMlp } from '../blocks/gated-mlp.ts'
import type { ConfigReader } from '../config/index.ts'
import type { WeightReader } from '../weights/weight-reader.ts'
import type {
  Architecture,
  ArchitectureOptions,
  LayerState,
  Layout,
  ModelConfig,
  Trace,
} from './architecture.ts'

/** A stack of equal layers, each a norm and a mixer, in some models followed by a norm and a gated MLP. */
export interface BackboneConfig<MixerConfig> extends ModelConfig {
  readonly mixer: MixerConfig
  readonly mlp?: GatedMlpConfig | undefined
  /** Of the norms between the blocks. */
  readonly eps: number
  /** Whether the output head is the embedding. */
  readonly tiedEmbeddings: boolean
}

/** The weights of a {@link BackboneConfig}. */
export interface BackboneWeights<MixerWeights> {
  /** (paddedVocabSize, dModel). */
  readonly embedding: Tensor
  readonly layers: readonly BackboneLayer<MixerWeights>[]
  /** (dModel). */
  readonly normF: Tensor
  /** (paddedVocabSize, dModel); the embedding itself if tied. */
  readonly head: Tensor
}

interface BackboneLayer<MixerWeights> {
  readonly norm: Tensor
  readonly mixer: MixerWeights
  readonly mlp: { readonly norm: Tensor; readonly weights: GatedMlpWeights } | undefined
}

/**
 * The language model that all pure Mamba models share; they differ in the mixer:
 *
 *   x = embedding(ids);  for each layer: x ← x + mixer(norm(x)), x ← x + mlp(norm₂(x));  logits = head(norm_f(x))
 */
export function backbone<MixerConfig, MixerWeights, MixerState extends LayerState>(
  modelTypes: readonly string[],
  mixer: Block<MixerConfig, MixerWeights, MixerState>,
  config: (raw: ConfigReader, layout: Layout, options: ArchitectureOptions) => BackboneConfig<MixerConfig>,
): Architecture<BackboneConfig<MixerConfig>, BackboneWeights<MixerWeights>> {
  type Config = BackboneConfig<MixerConfig>
  type Weights = BackboneWeights<MixerWeights>

  function weights(
    reader: WeightReader,
    { dModel, nLayers, paddedVocabSize, tiedEmbeddings, ...config }: Config,
  ): Weights {
    const top = reader.at('backbone')
    // The official repository says `embedding`, Hugging Face `embeddings`.
    const name = top.has('embedding.weight') ? 'embedding.weight' : 'embeddings.weight'
    const embedding = top.matrix(name, [paddedVocabSize, dModel])
    if (tiedEmbeddings) reader.ignore('lm_head.weight')
    return {
      embedding,
      layers: Array.from({ length: nLayers }, (_, i) => layerWeights(top.at(`layers.${i}`), dModel, config)),
      normF: top.vector('norm_f.weight', [dModel]),
      head: tiedEmbeddings ? embedding : reader.matrix('lm_head.weight', [paddedVocabSize, dModel]),
    }
  }

  function layerWeights(
    reader: WeightReader,
    dModel: number,
    config: Pick<Config, 'mixer' | 'mlp'>,
  ): BackboneLayer<MixerWeights> {
    return {
      norm: reader.vector('norm.weight', [dModel]),
      mixer: mixer.weights(reader.at('mixer'), config.mixer),
      mlp: config.mlp && {
        norm: reader.vector('norm2.weight', [dModel]),
        weights: gatedMlp.weights(reader.at('mlp'), config.mlp),
      },
    }
  }

  function forward(
    ops: Ops,
    config: Config,
    { embedding, layers, normF }: Weights,
    state: readonly LayerState[],
    ids: Tensor,
    trace: Trace = {},
  ): Tensor {
    const { eps } = config
    let x = ops.embedding(embedding, ids)
    trace.embedding?.(x)
    for (const [i, layer] of layers.entries()) {
      const next = ops.scope(() => {
        const mixed = mixer.forward(
          ops,
          config.mixer,
          layer.mixer,
          state[i] as MixerState,
          ops.rmsNorm(x, { weight: layer.norm, eps }),
        )
        const residual = ops.add(x, mixed)
        if (!layer.mlp || !config.mlp) return residual
        const normed = ops.rmsNorm(residual, { weight: layer.mlp.norm, eps })
        return ops.add(residual, gatedMlp.forward(ops, config.mlp, layer.mlp.weights, {}, normed))
      })
      if (!trace.layer && !trace.embedding) ops.release(x)
      x = next
      trace.layer?.(i, x)
    }
    return ops.rmsNorm(x, { weight: normF, eps })
  }

  return {
    modelTypes,
    config,
    weights,
    state: ({ nLayers, mixer: mixerConfig }) =>
      Array.from({ length: nLayers }, () => mixer.state(mixerConfig)),
    forward,
    logits: (ops, _config, { head }, hidden) => ops.linear(hidden, head),
  }
}
