import { loadModel, type Model, type SourceInput } from '@mamba/models'
import { wasm } from '@mamba/wasm'
import { type Engine, type EngineOptions, promptIds, timeTokens } from './engine.ts'

/** Loads a model on the wasm backend, in Node or in a browser. */
export async function loadMamba(
  source: SourceInput,
  { threads, vocabSize }: Pick<EngineOptions, 'threads' | 'vocabSize'>,
): Promise<Engine> {
  const backend = await wasm({ threads })
  const model = await loadModel(source, { backend })
  // Where memory cannot be shared, the backend takes one thread whatever is asked for, and says so.
  if (backend.info.notes.length > 0) throw new Error(backend.info.notes.join('; '))
  return {
    about: `@mamba/wasm, ${backend.info.device.replace(/, \d+ threads?$/, '')}`,
    measure: (workload) =>
      timeTokens(workload, ids(model, promptIds(workload, vocabSize), workload.tokens + 1)),
  }
}

async function* ids(model: Model, prompt: readonly number[], maxTokens: number): AsyncGenerator<number> {
  for await (const { id } of model.generate(prompt, { greedy: true, maxTokens, stopIds: [] })) yield id
}
