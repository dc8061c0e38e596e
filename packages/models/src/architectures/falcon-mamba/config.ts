import type { MambaConfig } from '../../blocks/mamba.ts'
import type { ConfigReader } from '../../config/index.ts'
import type { BackboneConfig } from '../backbone.ts'
import { epsilon } from '../backbone-config.ts'
import { huggingFaceMamba } from '../mamba/config.ts'

/** Reads a FalconMamba configuration: Mamba-1's, with a norm of the selection. @throws ConfigError */
export function falconMambaConfig(raw: ConfigReader): BackboneConfig<MambaConfig> {
  const config = huggingFaceMamba(raw, 'falcon_mamba')
  const selectionNorm = { eps: epsilon(raw, 'mixer_rms_eps', 1e-6) }
  return { ...config, mixer: { ...config.mixer, selectionNorm } }
}
