import { ConfigError, type DType } from '@mamba/core'
import type { Layout } from '../architectures/architecture.ts'
import type { BackboneConfig } from '../architectures/backbone.ts'
import type { MambaConfig } from '../blocks/mamba.ts'
import type { Mamba2Config } from '../blocks/mamba2.ts'
import type { GgufValue } from '../checkpoint/formats/gguf/write-gguf.ts'

type Keys = Record<string, GgufValue>

/** Numbers of what most weights are stored in (llama.h, `enum llama_ftype`). */
const fileTypes: Readonly<Partial<Record<DType, number>>> = { f32: 0, f16: 1, q4_0: 2, q8_0: 7, bf16: 32 }
/** Of the block formats, since they were last changed (ggml.h, `GGML_QNT_VERSION`). */
const quantizationVersion = 2
/** There is no limit; llama.cpp's converter states this. */
const contextLength = 2 ** 20

/** Keys about the file. @param dtype that most weights are stored in */
export function generalKeys(architecture: string, dtype: DType): Keys {
  const fileType = fileTypes[dtype]
  return {
    'general.architecture': { string: architecture },
    ...(fileType !== undefined && { 'general.file_type': { u32: fileType } }),
    'general.quantization_version': { u32: quantizationVersion },
  }
}

/** Keys of Mamba-1 and FalconMamba. @throws ConfigError if GGUF cannot say what the model is */
export function mambaKeys(config: BackboneConfig<MambaConfig>): Keys {
  const { mixer } = config
  return {
    ...backboneKeys('mamba', config, mixer),
    'mamba.ssm.time_step_rank': { u32: mixer.dtRank },
    'mamba.ssm.dt_b_c_rms': { bool: mixer.selectionNorm !== undefined },
  }
}

/** Keys of Mamba-2. @throws ConfigError if GGUF cannot say what the model is */
export function mamba2Keys(config: BackboneConfig<Mamba2Config>, layout: Layout): Keys {
  const { mixer } = config
  const { nHeads, headDim, nGroups, norm, dtLimit } = mixer
  const dInner = nHeads * headDim
  if (mixer.dMlp > 0) throw unsupported('a gated MLP beside the state-space part (d_ssm)')
  if (mixer.dPerChannel) throw unsupported('D for every channel (D_has_hdim)')
  if (norm?.gateOrder !== 'before') throw unsupported('a mixer without norm, or with the gate after it')
  if (dtLimit[0] > 0 || dtLimit[1] < Number.POSITIVE_INFINITY) throw unsupported(`limits of Δ, [${dtLimit}]`)
  if (norm.groupSize !== dInner / nGroups) {
    throw unsupported(
      `a norm over ${nGroups} groups together, as the ${layout} layout has it; if the weights were trained with a norm ` +
        "of each group, say mamba2Norm: 'grouped'",
    )
  }
  return {
    ...backboneKeys('mamba2', config, { ...mixer, dInner }),
    'mamba2.ssm.time_step_rank': { u32: nHeads },
    'mamba2.ssm.group_count': { u32: nGroups },
  }
}

function backboneKeys(
  architecture: string,
  { dModel, nLayers, eps, mlp }: BackboneConfig<unknown>,
  { dInner, dState, dConv }: { readonly dInner: number; readonly dState: number; readonly dConv: number },
): Keys {
  if (mlp) throw unsupported('a gated MLP after each mixer (d_intermediate)')
  const keys: Keys = {
    context_length: { u32: contextLength },
    embedding_length: { u32: dModel },
    feed_forward_length: { u32: 0 },
    'attention.head_count': { u32: 0 },
    'attention.layer_norm_rms_epsilon': { f32: eps },
    block_count: { u32: nLayers },
    'ssm.conv_kernel': { u32: dConv },
    'ssm.inner_size': { u32: dInner },
    'ssm.state_size': { u32: dState },
  }
  return Object.fromEntries(Object.entries(keys).map(([key, value]) => [`${architecture}.${key}`, value]))
}

function unsupported(what: string): ConfigError {
  return new ConfigError(`exportGguf: GGUF has no words for ${what}`)
}
