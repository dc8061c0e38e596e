import { CheckpointError } from '@mamba/core'
import type { Checkpoint } from '../checkpoint.ts'
import type { RandomAccessFile, Source } from '../sources/source.ts'
import { quote } from '../text.ts'
import { openGguf } from './gguf/gguf.ts'
import { openSafetensors } from './safetensors.ts'
import { openTorch } from './torch/torch.ts'

/**
 * Opens one file as a checkpoint. Its first bytes decide the format, not its name.
 * @returns undefined if there is no such file
 * @throws CheckpointError if it is in none of the formats, or is truncated or damaged; it is closed then
 */
export async function openFile(
  source: Source,
  path: string,
  signal?: AbortSignal,
): Promise<Checkpoint | undefined> {
  const file = await source.open(path, signal)
  if (!file) return undefined
  try {
    return await openByContent(file, signal)
  } catch (error) {
    await file.close()
    throw error
  }
}

async function openByContent(file: RandomAccessFile, signal?: AbortSignal): Promise<Checkpoint> {
  const first = await file.read(0, Math.min(9, file.size), signal)
  const start = String.fromCharCode(...first)
  if (start.startsWith('GGUF')) return openGguf(file, signal)
  if (start.startsWith('PK\x03\x04')) return openTorch(file, signal)
  // After the length of the header, the header: a JSON object.
  if (start[8] === '{') return openSafetensors(file, signal)
  throw new CheckpointError(
    `${file.name}: is not a checkpoint, or is truncated: it has ${file.size} bytes and starts with ${quote(start)}; expected safetensors, ` +
      `GGUF, or a torch file as torch.save writes it since version 1.6`,
  )
}
