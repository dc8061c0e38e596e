import type { MambaConfig } from '../../blocks/mamba.ts'
import type { ConfigReader } from '../../config/index.ts'
import type { Layout } from '../architecture.ts'
import type { BackboneConfig } from '../backbone.ts'
import { huggingFaceBackbone, officialBackbone } from '../backbone-config.ts'

/** Reads a Mamba-1 configuration. @throws ConfigError */
export function mambaConfig(raw: ConfigReader, layout: Layout): BackboneConfig<MambaConfig> {
  return layout === 'official' ? official(raw) : huggingFaceMamba(raw, 'mamba')
}

/** Reads a configuration with the keys of Hugging Face's Mamba classes. @throws ConfigError */
export function huggingFaceMamba(raw: ConfigReader, modelType: string): BackboneConfig<MambaConfig> {
  const common = huggingFaceBackbone(raw, { modelType, tiedByDefault: true })
  const { dModel } = common
  return {
    ...common,
    mixer: {
      dModel,
      // FalconMamba-7B says expand 16 and means its intermediate_size, twice the model.
      dInner: raw.has('intermediate_size') ? raw.size('intermediate_size') : raw.size('expand', 2) * dModel,
      dState: raw.size('state_size', 16),
      dConv: raw.size('conv_kernel', 4),
      dtRank: dtRank(raw, 'time_step_rank', dModel),
      bias: raw.boolean('use_bias', false),
      convBias: raw.boolean('use_conv_bias', true),
    },
  }
}

function official(raw: ConfigReader): BackboneConfig<MambaConfig> {
  const common = officialBackbone(raw, 'mamba')
  const { dModel } = common
  const ssm = raw.object('ssm_cfg')
  return {
    ...common,
    mixer: {
      dModel,
      dInner: ssm.size('expand', 2) * dModel,
      dState: ssm.size('d_state', 16),
      dConv: ssm.size('d_conv', 4),
      dtRank: dtRank(ssm, 'dt_rank', dModel),
      bias: ssm.boolean('bias', false),
      convBias: ssm.boolean('conv_bias', true),
    },
  }
}

function dtRank(raw: ConfigReader, key: string, dModel: number): number {
  const automatic = Math.ceil(dModel / 16)
  return raw.get(key) === 'auto' ? automatic : raw.size(key, automatic)
}
