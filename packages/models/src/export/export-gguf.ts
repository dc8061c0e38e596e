import { CheckpointError, ConfigError, type DType, weightDTypes } from '@mamba/core'
import type { ArchitectureOptions } from '../architectures/architecture.ts'
import { falconMambaConfig } from '../architectures/falcon-mamba/config.ts'
import { mambaConfig } from '../architectures/mamba/config.ts'
import { mamba2Config } from '../architectures/mamba2/config.ts'
import { detectArchitecture } from '../architectures/registry.ts'
import { type GgufContent, type GgufValue, writeGguf } from '../checkpoint/formats/gguf/write-gguf.ts'
import type { SourceInput } from '../checkpoint/index.ts'
import { ConfigReader } from '../config/index.ts'
import { type ModelFiles, openModelFiles } from '../model/model-files.ts'
import { generalKeys, mamba2Keys, mambaKeys } from './gguf-metadata.ts'
import { ggufTensors, mainDType } from './gguf-tensors.ts'
import { ggufTokenizer, placeholderTokenizer } from './gguf-tokenizer.ts'

/** How {@link exportGguf} writes. */
export interface ExportGgufOptions extends ArchitectureOptions {
  /**
   * Of the matrices: `f32`, `f16`, `bf16`, `q8_0` or `q4_0`. Default: as they are stored. All else is f32, and so are
   * matrices that are not quantised: the projection to Δ, and those whose rows are not whole blocks.
   */
  readonly dtype?: DType | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Writes a Mamba-1, FalconMamba or Mamba-2 model as a GGUF file that llama.cpp runs, one tensor in memory at a time:
 * `await writeFile('model.gguf', exportGguf(folder, { dtype: 'q8_0' }))` in Node.
 *
 * A model without tokenizer.json gets placeholders, token i being `[i]`.
 * @returns the bytes of the file, piece by piece
 * @throws CheckpointError as `loadModel`; also if it is GGUF already
 * @throws ConfigError if GGUF cannot express the model or its tokenizer
 */
export async function* exportGguf(
  source: SourceInput,
  options: ExportGgufOptions = {},
): AsyncGenerator<Uint8Array, void> {
  const { dtype, signal } = options
  if (dtype && !weightDTypes.includes(dtype)) {
    throw new ConfigError(`exportGguf: dtype is ${dtype}; expected one of ${weightDTypes.join(', ')}`)
  }
  const files = await openModelFiles(source, signal)
  try {
    yield* writeGguf(await content(files, options), signal)
  } finally {
    await files.close()
  }
}

async function content(
  files: ModelFiles,
  { dtype, signal, ...options }: ExportGgufOptions,
): Promise<GgufContent> {
  const { checkpoint } = files
  if (checkpoint.format === 'gguf') {
    throw new CheckpointError(
      `exportGguf: ${checkpoint.name} is GGUF already; export the checkpoint it was made of`,
    )
  }
  const { architecture, config, keys, nGroups } = describe(files, options)
  const { paddedVocabSize: rows, tiedEmbeddings } = config
  const ends = { bos: tokenId(files.config.bos_token_id), eos: tokenId(files.config.eos_token_id) }
  const tokenizer = await files.tokenizerFiles(signal)
  return {
    metadata: {
      ...generalKeys(architecture, mainDType(checkpoint, dtype)),
      ...keys,
      ...(tokenizer ? ggufTokenizer(tokenizer, rows, ends) : placeholderTokenizer(rows, ends)),
    },
    tensors: ggufTensors(checkpoint, { dtype, tiedEmbeddings, nGroups }),
  }
}

/** What GGUF calls the model, and what it says of it. */
interface Description {
  readonly architecture: string
  readonly config: { readonly paddedVocabSize: number; readonly tiedEmbeddings: boolean }
  readonly keys: Readonly<Record<string, GgufValue>>
  /** Of Mamba-2's norm. */
  readonly nGroups?: number
}

function describe(files: ModelFiles, options: ArchitectureOptions): Description {
  const { modelType, layout } = detectArchitecture(files.config, files.configName, files.checkpoint)
  const raw = new ConfigReader(files.config, files.configName)
  switch (modelType) {
    case 'mamba':
    case 'falcon_mamba': {
      const config = modelType === 'mamba' ? mambaConfig(raw, layout) : falconMambaConfig(raw)
      return { architecture: 'mamba', config, keys: mambaKeys(config) }
    }
    case 'mamba2': {
      const config = mamba2Config(raw, layout, options)
      return {
        architecture: 'mamba2',
        config,
        keys: mamba2Keys(config, layout),
        nGroups: config.mixer.nGroups,
      }
    }
    default:
      throw new ConfigError(
        `exportGguf: the model is ${modelType}; GGUF has only mamba, falcon_mamba and mamba2 of those that run here`,
      )
  }
}

/** Some configurations list several end tokens: the first one counts. */
function tokenId(value: unknown): number | undefined {
  const [id] = [value].flat()
  return Number.isInteger(id) ? (id as number) : undefined
}
