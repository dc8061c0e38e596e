/** Sizes of a model of the official repository; what is not here is as its code has it by default. */
export interface Preset {
  readonly layer: 'Mamba1' | 'Mamba2' | 'Mamba3'
  readonly nLayers: number
  readonly dModel: number
  readonly vocabSize: number
  readonly padVocabSizeMultiple: number
  /** Width of the gated MLP after each mixer; 0: there is none. */
  readonly dIntermediate: number
}

const gptNeoX = { vocabSize: 50277, dIntermediate: 0 }
const mamba = { ...gptNeoX, layer: 'Mamba1', padVocabSizeMultiple: 8 } as const
const mamba2 = { ...gptNeoX, layer: 'Mamba2', padVocabSizeMultiple: 16 } as const
const llama3 = { vocabSize: 128256, padVocabSizeMultiple: 16 }
const mamba3 = { ...llama3, layer: 'Mamba3' } as const

/** Published models of `state-spaces` by name. */
export const presets: Readonly<Record<string, Preset>> = {
  'mamba-130m': { ...mamba, nLayers: 24, dModel: 768 },
  'mamba-370m': { ...mamba, nLayers: 48, dModel: 1024 },
  'mamba-790m': { ...mamba, nLayers: 48, dModel: 1536 },
  'mamba-1.4b': { ...mamba, nLayers: 48, dModel: 2048 },
  'mamba-2.8b': { ...mamba, nLayers: 64, dModel: 2560 },
  'mamba2-130m': { ...mamba2, nLayers: 24, dModel: 768 },
  'mamba2-370m': { ...mamba2, nLayers: 48, dModel: 1024 },
  'mamba2-780m': { ...mamba2, nLayers: 48, dModel: 1536 },
  'mamba2-1.3b': { ...mamba2, nLayers: 48, dModel: 2048 },
  'mamba2-2.7b': { ...mamba2, nLayers: 64, dModel: 2560 },
  'mamba3-siso-187m': { ...mamba3, nLayers: 12, dModel: 768, dIntermediate: 1536 },
}

/** The `config.json` of a preset, as the official repository writes it. */
export function presetConfig(preset: Preset): Readonly<Record<string, unknown>> {
  return {
    d_model: preset.dModel,
    d_intermediate: preset.dIntermediate,
    n_layer: preset.nLayers,
    vocab_size: preset.vocabSize,
    ssm_cfg: { layer: preset.layer },
    attn_layer_idx: [],
    attn_cfg: {},
    rms_norm: true,
    residual_in_fp32: true,
    fused_add_norm: true,
    pad_vocab_size_multiple: preset.padVocabSizeMultiple,
    tie_embeddings: true,
  }
}
