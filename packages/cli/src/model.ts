import { ConfigError } from '@mamba/core'
import { loadModel, type Model, type SourceInput, type Tokenizer } from '@mamba/models'
import { stories } from '@mamba/stories'
import { type Command, Option } from 'commander'
import { backendChoices, createBackend } from './backends.ts'
import type { Session } from './session.ts'

/** The values of {@link addModelOptions}. */
export interface ModelFlags {
  readonly model: string
  readonly backend: string
}

/** A model for text, ready to run. */
export interface OpenModel extends Disposable {
  readonly model: Model
  readonly tokenizer: Tokenizer
  /** How long loading took. */
  readonly loadMs: number
}

/** Adds `--model` and `--backend`. */
export function addModelOptions(command: Command): Command {
  return command
    .option(
      '-m, --model <place>',
      'folder, file or URL of a checkpoint, or "stories": the one inside',
      'stories',
    )
    .addOption(backendOption())
}

/** `--backend`. */
export function backendOption(): Option {
  return new Option('--backend <name>', 'where to compute').choices(backendChoices).default('auto')
}

/** What the library loads for the place that the user named. */
export function sourceOf(place: string): SourceInput {
  return place === 'stories' ? stories() : place
}

/**
 * Loads the model that the options name, showing progress.
 * @throws ConfigError if it has no tokenizer, or as `loadModel`
 */
export async function openModel(
  { model: place, backend: choice }: ModelFlags,
  session: Session,
): Promise<OpenModel> {
  const { progress, signal } = session
  const start = performance.now()
  const backend = await createBackend(choice)
  try {
    const model = await loadModel(sourceOf(place), {
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
    const { tokenizer } = model
    if (!tokenizer) {
      model.dispose()
      throw new ConfigError(
        `--model ${place}: there is no tokenizer.json beside the weights; put the model's there`,
      )
    }
    return { model, tokenizer, loadMs: performance.now() - start, [Symbol.dispose]: dispose }
  } catch (error) {
    backend.destroy()
    throw error
  }
}
