import { byteLength, elementCount } from '@mamba/core'
import type { ArchitectureOptions, Layout, ModelConfig } from '../architectures/architecture.ts'
import { detectArchitecture } from '../architectures/registry.ts'
import type { CheckpointFormat, SourceInput, TensorInfo } from '../checkpoint/index.ts'
import { ConfigReader, type GenerationDefaults, readGenerationDefaults } from '../config/index.ts'
import { openModelFiles } from './model-files.ts'

/** What can be said of a model without loading it. */
export interface ModelSummary {
  /** As in `config.json`, such as `mamba2`. */
  readonly architecture: string
  readonly layout: Layout
  readonly format: CheckpointFormat
  readonly config: ModelConfig
  /** Elements of all tensors. */
  readonly parameters: number
  /** Bytes of all tensors as they are stored. */
  readonly weightBytes: number
  /** Bytes of the recurrent state of one sequence, however long it is. */
  readonly stateBytesPerSequence: number
  /** In the order of the files. */
  readonly tensors: readonly TensorInfo[]
  readonly generationDefaults: GenerationDefaults
  /** Undefined if there is no tokenizer.json. */
  readonly tokenizer: { readonly vocabSize: number } | undefined
}

/**
 * Reads what a checkpoint says of itself: configuration and tensor table, no weights.
 * @throws CheckpointError, ConfigError as `loadModel`
 */
export async function inspectModel(
  source: SourceInput,
  { signal, ...options }: ArchitectureOptions & { readonly signal?: AbortSignal | undefined } = {},
): Promise<ModelSummary> {
  const files = await openModelFiles(source, signal)
  try {
    const { checkpoint } = files
    const { architecture, layout, modelType } = detectArchitecture(files.config, files.configName, checkpoint)
    const config = architecture.config(new ConfigReader(files.config, files.configName), layout, options)
    const tensors = checkpoint.names.map((name) => checkpoint.info(name))
    const tokenizer = await files.tokenizer(config.paddedVocabSize, signal)
    const generation = await files.generationConfig(signal)
    const states = architecture.state(config).flatMap((layer) => Object.values(layer))
    return {
      architecture: modelType,
      layout,
      format: checkpoint.format,
      config,
      parameters: sum(tensors.map(({ shape }) => elementCount(shape))),
      weightBytes: sum(tensors.map((tensor) => tensor.byteLength)),
      stateBytesPerSequence: sum(states.map((shape) => byteLength('f32', shape))),
      tensors,
      generationDefaults: readGenerationDefaults(generation, files.config, tokenizer?.eosTokenId),
      tokenizer: tokenizer && { vocabSize: tokenizer.vocabSize },
    }
  } finally {
    await files.close()
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
