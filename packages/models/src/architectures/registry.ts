import { ConfigError } from '@mamba/core'
import { type Checkpoint, quote } from '../checkpoint/index.ts'
import type { Architecture, Layout } from './architecture.ts'
import { falconMamba } from './falcon-mamba/model.ts'
import { mamba } from './mamba/model.ts'
import { mamba2 } from './mamba2/model.ts'
import { mamba3 } from './mamba3/model.ts'

/** Every architecture of this package. */
const architectures: readonly Architecture[] = [mamba, falconMamba, mamba2, mamba3]

/** The `model_type`s that can be run. */
export const supportedModelTypes: readonly string[] = architectures.flatMap(({ modelTypes }) => modelTypes)

/** Official names of mixers, `ssm_cfg.layer`. */
const officialLayers: ReadonlyMap<unknown, string> = new Map([
  ['Mamba1', 'mamba'],
  ['Mamba2', 'mamba2'],
  ['Mamba3', 'mamba3'],
])

/** What a configuration and the names of the tensors say about how to run a checkpoint. */
export interface Detected {
  readonly modelType: string
  readonly layout: Layout
  readonly architecture: Architecture
}

/**
 * Finds the architecture: by `model_type`; in the official layout by `ssm_cfg.layer`, else by the tensors.
 * @param configName names the configuration in messages
 * @throws ConfigError, listing what is supported, if there is none
 */
export function detectArchitecture(
  raw: Readonly<Record<string, unknown>>,
  configName: string,
  checkpoint: Checkpoint,
): Detected {
  // By the keys, not by model_type: some copies of official files carry one too.
  const isOfficial = raw.d_model !== undefined && raw.hidden_size === undefined
  const modelType = isOfficial ? officialModelType(raw, checkpoint) : raw.model_type
  const architecture = architectures.find(({ modelTypes }) => modelTypes.some((type) => type === modelType))
  if (!architecture) {
    const key = isOfficial ? 'ssm_cfg.layer' : 'model_type'
    const supported = isOfficial ? [...officialLayers.keys()] : supportedModelTypes
    throw new ConfigError(`${configName}: ${key} is ${quote(modelType)}; supported: ${supported.join(', ')}`)
  }
  const layout = checkpoint.format === 'gguf' ? 'gguf' : isOfficial ? 'official' : 'huggingface'
  return { modelType: String(modelType), layout, architecture }
}

function officialModelType(raw: Readonly<Record<string, unknown>>, checkpoint: Checkpoint): unknown {
  const { layer } = (raw.ssm_cfg ?? {}) as { layer?: unknown }
  if (layer !== undefined && layer !== null) return officialLayers.get(layer) ?? layer
  const names = new Set(checkpoint.names)
  const mixer = 'backbone.layers.0.mixer.'
  if (names.has(`${mixer}B_bias`)) return 'mamba3'
  const hasHeads = names.has(`${mixer}A_log`) && checkpoint.info(`${mixer}A_log`).shape.length === 1
  return hasHeads ? 'mamba2' : 'mamba'
}
