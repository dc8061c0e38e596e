import { ConfigError, isDType, weightDTypes } from '@mamba/core'
import {
  loadModel,
  type Model,
  randomModel,
  randomModelNames,
  type SourceInput,
  type Tokenizer,
} from '@mamba/models'
import { stories } from '@mamba/stories'
import { type Command, Option } from 'commander'
import { wholeNumber } from './arguments.ts'
import { type BackendChoice, backendChoices, type StartedBackend, startBackend } from './backends.ts'
import type { Session } from './session.ts'

/** The values of {@link addModelOptions}. */
export interface ModelFlags extends BackendChoice {
  readonly model: string
}

/** A model, ready to run. */
export interface OpenModel extends StartedBackend, Disposable {
  readonly model: Model
  /** How long loading took. */
  readonly loadMs: number
}

/** A model for text, ready to run. */
export interface OpenTextModel extends OpenModel {
  readonly tokenizer: Tokenizer
}

/** Adds `--model`, `--backend` and `--threads`. */
export function addModelOptions(command: Command): Command {
  const described = command.option(
    '-m, --model <place>',
    'folder, file or URL of a checkpoint; "stories": the one inside; "random:mamba-130m": random weights',
    'stories',
  )
  return addBackendOptions(described)
}

/** Adds `--backend` and `--threads`, the values of {@link BackendChoice}. */
export function addBackendOptions(command: Command): Command {
  return command
    .addOption(new Option('--backend <name>', 'where to compute').choices(backendChoices).default('auto'))
    .option(
      '--threads <n>',
      'how many of the processor compute (default: as many as it runs at once)',
      wholeNumber(1),
    )
}

/** Whether `--model` names random weights, of which {@link sourceOf} says more. */
export function isRandom(place: string): boolean {
  return place.startsWith('random:')
}

/**
 * What the library loads for the place that the user named: a folder, a file, a URL, `stories`, or random weights of a
 * published model's sizes, `random:mamba-130m` or `random:mamba-130m:q8_0`.
 * @throws ConfigError if there are no such random weights
 */
export function sourceOf(place: string): SourceInput {
  if (place === 'stories') return stories()
  if (!isRandom(place)) return place
  const [, name, dtype, ...rest] = place.split(':')
  const valid = name && randomModelNames.includes(name) && rest.length === 0
  if (!valid || (dtype !== undefined && !isDType(dtype))) {
    throw new ConfigError(
      `--model ${place}: expected random:<name> or random:<name>:<dtype>; names: ${randomModelNames.join(', ')}; ` +
        `dtypes: ${weightDTypes.join(', ')}`,
    )
  }
  return randomModel(name, { dtype })
}

/**
 * Loads the model that the options name, showing progress.
 * @throws as `loadModel`, or DeviceError if the backend does not work here
 */
export async function openModel(flags: ModelFlags, { io, progress, signal }: Session): Promise<OpenModel> {
  const { model: place } = flags
  const source = sourceOf(place)
  const start = performance.now()
  const started = await startBackend(flags, io.stderr)
  const { backend } = started
  try {
    const model = await loadModel(source, {
      backend,
      signal,
      onProgress: ({ loadedBytes, totalBytes }) =>
        progress.show(`loading ${place}: ${Math.floor((100 * loadedBytes) / totalBytes)} %`),
    })
    progress.clear()
    const dispose = () => {
      model.dispose()
      backend.destroy()
    }
    return { ...started, model, loadMs: performance.now() - start, [Symbol.dispose]: dispose }
  } catch (error) {
    backend.destroy()
    throw error
  }
}

/**
 * As {@link openModel}, of a model for text.
 * @throws ConfigError also if it has no tokenizer
 */
export async function openTextModel(flags: ModelFlags, session: Session): Promise<OpenTextModel> {
  const opened = await openModel(flags, session)
  const { tokenizer } = opened.model
  if (tokenizer) return { ...opened, tokenizer }
  opened[Symbol.dispose]()
  const missing = "there is no tokenizer.json beside the weights; put the model's there"
  throw new ConfigError(
    `--model ${flags.model}: ${isRandom(flags.model) ? 'random weights have no tokenizer; use mamba bench' : missing}`,
  )
}
