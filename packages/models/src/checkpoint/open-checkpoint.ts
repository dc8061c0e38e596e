import { CheckpointError } from '@mamba/core'
import type { Checkpoint } from './checkpoint.ts'
import { openFile } from './formats/open-file.ts'
import { openSharded } from './formats/sharded.ts'
import type { Source } from './sources/source.ts'

const INDEX = '.index.json'
// What `mamba verify` and training tests compare with lies beside the weights, in the same format.
const NOT_WEIGHTS = ['expected.safetensors', 'grads.safetensors']

type Candidate = (
  source: Source,
  files: readonly string[],
  signal?: AbortSignal,
) => Promise<Checkpoint | undefined>

/** Where weights are looked for, in this order. */
const candidates: readonly (readonly [what: string, open: Candidate])[] = [
  [
    'model.safetensors.index.json',
    (source, _, signal) => openSharded(source, 'model.safetensors.index.json', signal),
  ],
  ['model.safetensors', (source, _, signal) => openFile(source, 'model.safetensors', signal)],
  ['one other .safetensors file', (source, files, signal) => openOnly(source, files, '.safetensors', signal)],
  ['pytorch_model.bin', (source, _, signal) => openFile(source, 'pytorch_model.bin', signal)],
  ['one .gguf file', (source, files, signal) => openOnly(source, files, '.gguf', signal)],
]

/**
 * Opens the weights of a source: those that it makes itself, the file that the user named, or the first of
 * `model.safetensors.index.json`, `model.safetensors`, another `.safetensors` file if there is just one,
 * `pytorch_model.bin`, and a `.gguf` file if there is just one. The formats are told by content. The source stays open, and stays the caller's.
 * @throws CheckpointError if there are no weights, or they are truncated, damaged or refused; nothing is left open
 */
export async function openCheckpoint(source: Source, signal?: AbortSignal): Promise<Checkpoint> {
  if (source.weights) return source.weights
  if (source.file !== undefined) return openNamed(source, source.file, signal)
  const files = await source.list(signal)
  for (const [, open] of candidates) {
    const checkpoint = await open(source, files ?? [], signal)
    if (checkpoint) return checkpoint
  }
  const looked = candidates.map(([what]) => what).join(', ')
  const there = files ? `; it holds ${files.length > 0 ? files.slice(0, 20).join(', ') : 'no files'}` : ''
  throw new CheckpointError(`${source.name}: there are no weights: looked for ${looked}${there}`)
}

async function openNamed(source: Source, path: string, signal?: AbortSignal): Promise<Checkpoint> {
  const open = path.endsWith(INDEX) ? openSharded : openFile
  const checkpoint = await open(source, path, signal)
  if (checkpoint) return checkpoint
  throw new CheckpointError(`${source.name}: there is no file "${path}"`)
}

async function openOnly(source: Source, files: readonly string[], extension: string, signal?: AbortSignal) {
  const found = files.filter((path) => path.endsWith(extension) && !NOT_WEIGHTS.includes(path))
  return found.length === 1 ? openFile(source, found[0]!, signal) : undefined
}
