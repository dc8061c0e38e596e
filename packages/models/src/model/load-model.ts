import { type Backend, cpu, DeviceError } from '@mamba/core'
import type { ArchitectureOptions } from '../architectures/architecture.ts'
import { detectArchitecture } from '../architectures/registry.ts'
import type { Checkpoint, SourceInput } from '../checkpoint/index.ts'
import { ConfigReader, readGenerationDefaults } from '../config/index.ts'
import { fingerprint } from '../weights/fingerprint.ts'
import { WeightLoader, WeightReader } from '../weights/weight-reader.ts'
import { Model, type ModelParts, type ReloadOptions } from './model.ts'
import { openModelFiles } from './model-files.ts'

/** How a model is loaded. */
export interface LoadModelOptions extends ArchitectureOptions, ReloadOptions {
  /** Where it runs. Default: the reference cpu backend. */
  readonly backend?: Backend | undefined
}

/**
 * Loads a model as it was published: a folder, a file, a URL, picked or dropped files, or bytes.
 *
 * Configuration, names and shapes are checked before the weights are read, one tensor at a time. If the backend's device
 * can be lost, the model keeps the source, and bytes with it, for `model.reload()`.
 * @throws CheckpointError if a file is missing, damaged or not that of this model
 * @throws ConfigError if a configuration makes no sense or asks for what is not supported
 * @throws DeviceError if the weights are more than the backend can hold
 * @throws the signal's reason if it was aborted; as after every error, nothing stays open or allocated
 */
export async function loadModel(source: SourceInput, options: LoadModelOptions = {}): Promise<Model> {
  const { backend = cpu(), onProgress, signal, ...kept } = options
  const load = (watch: ReloadOptions) => loadParts(source, backend, kept, watch)
  const parts = await load({ onProgress, signal })
  return new Model({ ...parts, backend, reload: backend.recover && load })
}

async function loadParts(
  source: SourceInput,
  backend: Backend,
  options: ArchitectureOptions,
  { onProgress, signal }: ReloadOptions,
): Promise<ModelParts> {
  const files = await openModelFiles(source, signal)
  const loader = new WeightLoader(files.checkpoint, backend)
  try {
    const { architecture, layout } = detectArchitecture(files.config, files.configName, files.checkpoint)
    expectRoom(files.checkpoint, backend)
    const config = architecture.config(new ConfigReader(files.config, files.configName), layout, options)
    const weights = architecture.weights(new WeightReader(loader), config)
    loader.checkAllUsed()
    const tokenizer = await files.tokenizer(config.paddedVocabSize, signal)
    const generation = await files.generationConfig(signal)
    const generationDefaults = readGenerationDefaults(generation, files.config, tokenizer?.eosTokenId)
    const weightsId = await loader.load(onProgress, signal)
    // The same weights under another configuration are another model.
    const id = fingerprint([JSON.stringify(config, (_key, value) => spelled(value)), weightsId])
    const { tensors } = loader
    return { architecture, config, weights, tensors, id, tokenizer, generationDefaults }
  } catch (error) {
    loader.destroy()
    throw error
  } finally {
    await files.close()
  }
}

/** @throws DeviceError if the weights alone are more than the backend can hold */
function expectRoom(checkpoint: Checkpoint, { name, capacity }: Backend): void {
  const bytes = checkpoint.names.reduce((sum, tensor) => sum + checkpoint.info(tensor).byteLength, 0)
  if (bytes <= capacity) return
  const gigabytes = (count: number) => `${(count / 1e9).toFixed(2)} GB (${count} bytes)`
  throw new DeviceError(
    `${checkpoint.name}: its ${checkpoint.names.length} tensors take ${gigabytes(bytes)}, and the ${name} backend ` +
      `can hold ${gigabytes(capacity)}; use a smaller dtype, such as q8_0, or another backend`,
  )
}

/** JSON has no infinities: it would write them all as null. */
function spelled(value: unknown): unknown {
  return typeof value === 'number' ? String(value) : value
}
