import { CheckpointError, ConfigError } from '@mamba/core'
import { fromGguf } from '../architectures/gguf.ts'
import {
  type Checkpoint,
  isJsonObject,
  openCheckpoint,
  openSource,
  parseJson,
  pathIn,
  readText,
  type Source,
  type SourceInput,
} from '../checkpoint/index.ts'
import { parseConfigJson } from '../config/index.ts'
import { createTokenizer, type Tokenizer, type TokenizerFiles } from '../tokenizer/index.ts'

type Json = Readonly<Record<string, unknown>>

/** The files of a model, opened and parsed as far as they are needed to know what it is. */
export interface ModelFiles {
  /** `config.json`; for GGUF what its metadata says, under the same keys. */
  readonly config: Json
  /** Where the configuration comes from, for messages. */
  readonly configName: string
  /** The weights, GGUF under Hugging Face's names. */
  readonly checkpoint: Checkpoint
  /** Undefined if there is no tokenizer.json. @throws CheckpointError if it is damaged */
  tokenizer(vocabSize: number, signal?: AbortSignal): Promise<Tokenizer | undefined>
  /** What {@link tokenizer} is made of, parsed. Undefined if there is no tokenizer.json. @throws CheckpointError */
  tokenizerFiles(signal?: AbortSignal): Promise<TokenizerFiles | undefined>
  /** Undefined if there is no generation_config.json. @throws CheckpointError if it is damaged */
  generationConfig(signal?: AbortSignal): Promise<Json | undefined>
  close(): Promise<void>
}

/**
 * Opens a model's files.
 * @throws CheckpointError, ConfigError; nothing stays open then
 */
export async function openModelFiles(input: SourceInput, signal?: AbortSignal): Promise<ModelFiles> {
  const source = await openSource(input)
  let opened: Checkpoint | undefined
  try {
    opened = await openCheckpoint(source, signal)
    const { config, configName, checkpoint } = await configure(source, opened, signal)
    return {
      config,
      configName,
      checkpoint,
      tokenizer: (vocabSize, signal) => readTokenizer(source, vocabSize, signal),
      tokenizerFiles: (signal) => readTokenizerFiles(source, signal),
      generationConfig: (signal) => readJson(source, 'generation_config.json', signal),
      async close() {
        await checkpoint.close()
        await source.close()
      },
    }
  } catch (error) {
    await opened?.close()
    await source.close()
    throw error
  }
}

async function configure(source: Source, opened: Checkpoint, signal: AbortSignal | undefined) {
  // A GGUF file describes itself; a config.json beside it may be another model's.
  if (opened.format === 'gguf') {
    const { raw, checkpoint } = fromGguf(opened)
    return { config: raw, configName: opened.name, checkpoint }
  }
  const configName = pathIn(source, 'config.json')
  const text = await readText(source, 'config.json', signal)
  if (text === undefined) {
    throw new ConfigError(`${configName}: there is no such file; it says what model ${opened.name} is`)
  }
  return { config: parseConfigJson(text, configName), configName, checkpoint: opened }
}

async function readTokenizer(
  source: Source,
  vocabSize: number,
  signal: AbortSignal | undefined,
): Promise<Tokenizer | undefined> {
  const files = await readTokenizerFiles(source, signal)
  return files && createTokenizer(files, { vocabSize })
}

async function readTokenizerFiles(
  source: Source,
  signal: AbortSignal | undefined,
): Promise<TokenizerFiles | undefined> {
  const tokenizer = await readJson(source, 'tokenizer.json', signal)
  if (tokenizer === undefined) return undefined
  return { tokenizer, config: await readJson(source, 'tokenizer_config.json', signal) }
}

async function readJson(
  source: Source,
  path: string,
  signal: AbortSignal | undefined,
): Promise<Json | undefined> {
  const text = await readText(source, path, signal)
  if (text === undefined) return undefined
  const fail = (problem: string) => new CheckpointError(`${pathIn(source, path)}: ${problem}`)
  const value = parseJson(text, { fail })
  if (!isJsonObject(value)) throw fail('it is not a JSON object')
  return value
}
