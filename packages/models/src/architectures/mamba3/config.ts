import type { Mamba3Config } from '../../blocks/mamba3.ts'
import type { ConfigReader } from '../../config/index.ts'
import type { Layout } from '../architecture.ts'
import type { BackboneConfig } from '../backbone.ts'
import { headCount, officialBackbone, officialEps } from '../backbone-config.ts'

/** Reads a Mamba-3 configuration, which only the official layout has. @throws ConfigError */
export function mamba3Config(raw: ConfigReader, layout: Layout): BackboneConfig<Mamba3Config> {
  if (layout !== 'official') {
    throw raw.error('model_type', 'none beside an ssm_cfg: only the official layout of Mamba-3 is known')
  }
  const common = officialBackbone(raw, 'mamba3')
  const { dModel } = common
  const ssm = raw.object('ssm_cfg')
  const headDim = ssm.size('headdim', 64)
  const nGroups = ssm.size('ngroups', 1)
  const dState = ssm.size('d_state', 128)
  const mimo = ssm.boolean('is_mimo', false)
  if (mimo && dState % 2 !== 0)
    throw ssm.error('d_state', 'an even number, as MIMO rotates halves against each other')
  const rank = mimo ? ssm.size('mimo_rank', 4) : 1
  const channels = ssm.size('expand', 2) * dModel
  const aFloor = ssm.number('A_floor', 1e-4)
  if (aFloor <= 0) throw ssm.error('A_floor', 'a number above 0')
  return {
    ...common,
    mixer: {
      dModel,
      nHeads: headCount(ssm, { headDim: 'headdim', nGroups: 'ngroups' }, { channels, headDim, nGroups }),
      headDim,
      nGroups,
      dState,
      nAngles: angleCount(ssm, dState),
      mimo,
      rank,
      aFloor,
      eps: officialEps,
      outputNorm: ssm.boolean('is_outproj_norm', false),
      chunkSize: ssm.size('chunk_size', 64),
    },
  }
}

/** Pairs of states that are rotated: a fraction of the states, made even. */
function angleCount(ssm: ConfigReader, dState: number): number {
  const fraction = ssm.number('rope_fraction', 0.5)
  const angles = Math.floor(Math.floor(dState * fraction) / 2)
  if (fraction > 1 || angles < 1) {
    throw ssm.error('rope_fraction', `a number up to 1 that leaves at least one pair of the ${dState} states`)
  }
  return angles
}
