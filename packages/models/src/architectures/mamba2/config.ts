import { ConfigError } from '@mamba/core'
import type { Mamba2Config } from '../../blocks/mamba2.ts'
import type { ConfigReader } from '../../config/index.ts'
import type { ArchitectureOptions, Layout } from '../architecture.ts'
import type { BackboneConfig } from '../backbone.ts'
import { headCount, huggingFaceBackbone, officialBackbone, officialEps } from '../backbone-config.ts'

type Mamba2ModelConfig = BackboneConfig<Mamba2Config>

const noLimit: readonly [number, number] = [0, Number.POSITIVE_INFINITY]

/**
 * Reads a Mamba-2 configuration. Nothing in it says whether several groups are normalised together or each on its
 * own: Hugging Face's class does the first, the official code and llama.cpp the second.
 * @throws ConfigError
 */
export function mamba2Config(
  raw: ConfigReader,
  layout: Layout,
  options: ArchitectureOptions,
): Mamba2ModelConfig {
  const norm = options.mamba2Norm ?? (layout === 'huggingface' ? 'whole' : 'grouped')
  if (norm !== 'whole' && norm !== 'grouped') {
    throw new ConfigError(`mamba2Norm is ${String(norm)}; expected whole or grouped`)
  }
  const grouped = norm === 'grouped'
  return layout === 'official' ? official(raw, grouped) : huggingFace(raw, grouped)
}

function huggingFace(raw: ConfigReader, grouped: boolean): Mamba2ModelConfig {
  const common = huggingFaceBackbone(raw, { modelType: 'mamba2', tiedByDefault: false })
  const { dModel, eps } = common
  const headDim = raw.size('head_dim', 64)
  const nHeads = raw.size('num_heads', 128)
  const nGroups = raw.size('n_groups', 8)
  const dInner = raw.has('intermediate_size') ? raw.size('intermediate_size') : raw.size('expand', 2) * dModel
  if (
    nHeads !==
    headCount(raw, { headDim: 'head_dim', nGroups: 'n_groups' }, { channels: dInner, headDim, nGroups })
  ) {
    throw raw.error('num_heads', `${dInner / headDim}, the ${dInner} channels divided by head_dim ${headDim}`)
  }
  return {
    ...common,
    mixer: {
      dModel,
      nHeads,
      headDim,
      nGroups,
      dState: raw.size('state_size', 128),
      dConv: raw.size('conv_kernel', 4),
      dMlp: 0,
      bias: raw.boolean('use_bias', false),
      convBias: raw.boolean('use_conv_bias', true),
      dPerChannel: false,
      dtLimit: raw.range('time_step_limit', noLimit),
      norm: { eps, groupSize: grouped ? dInner / nGroups : dInner, gateOrder: 'before' },
      chunkSize: raw.size('chunk_size', 256),
    },
  }
}

function official(raw: ConfigReader, grouped: boolean): Mamba2ModelConfig {
  const common = officialBackbone(raw, 'mamba2')
  const { dModel } = common
  const ssm = raw.object('ssm_cfg')
  const expanded = ssm.size('expand', 2) * dModel
  const dInner = ssm.size('d_ssm', expanded)
  if (dInner > expanded) throw ssm.error('d_ssm', `at most the ${expanded} channels`)
  const headDim = ssm.size('headdim', 64)
  const nGroups = ssm.size('ngroups', 1)
  const norm = {
    eps: officialEps,
    groupSize: grouped ? dInner / nGroups : dInner,
    gateOrder: ssm.boolean('norm_before_gate', false) ? 'after' : 'before',
  } as const
  return {
    ...common,
    mixer: {
      dModel,
      nHeads: headCount(
        ssm,
        { headDim: 'headdim', nGroups: 'ngroups' },
        { channels: dInner, headDim, nGroups },
      ),
      headDim,
      nGroups,
      dState: ssm.size('d_state', 128),
      dConv: ssm.size('d_conv', 4),
      dMlp: expanded - dInner,
      bias: ssm.boolean('bias', false),
      convBias: ssm.boolean('conv_bias', true),
      dPerChannel: ssm.boolean('D_has_hdim', false),
      dtLimit: ssm.range('dt_limit', noLimit),
      norm: ssm.boolean('rmsnorm', true) ? norm : undefined,
      chunkSize: ssm.size('chunk_size', 256),
    },
  }
}
