import { CheckpointError } from '@mamba/core'
import { ByteReader } from '../byte-reader.ts'
import { type Checkpoint, tableCheckpoint } from '../checkpoint.ts'
import type { RandomAccessFile } from '../sources/source.ts'
import { decodeUtf8 } from '../text.ts'
import { parseSafetensorsHeader } from './safetensors-header.ts'

/** Largest header that the reference implementation reads, in bytes. */
const MAX_HEADER = 100_000_000

/**
 * Opens a safetensors file: a u64 header length, a JSON header, and the tensors' bytes.
 * @throws CheckpointError if the file is not such a file, is truncated or is damaged
 */
export async function openSafetensors(file: RandomAccessFile, signal?: AbortSignal): Promise<Checkpoint> {
  const start = new ByteReader(await file.read(0, Math.min(8, file.size), signal), file.name, file.size)
  const length = start.size('the header length')
  if (length > MAX_HEADER || length > file.size - 8) {
    throw new CheckpointError(
      `${file.name}: the header length is ${length}; expected at most ${Math.min(MAX_HEADER, file.size - 8)} in a ` +
        `file of ${file.size} bytes; it is not a safetensors file, or is truncated or damaged`,
    )
  }
  const header = await file.read(8, length, signal)
  if (header[0] !== '{'.charCodeAt(0)) {
    throw new CheckpointError(
      `${file.name}: the header does not start with "{"; it is not a safetensors file`,
    )
  }
  const text = decodeUtf8(header, `${file.name}: the header`)
  const { metadata, tensors } = parseSafetensorsHeader(text, file.name, 8 + length, file.size)
  return tableCheckpoint(file, {
    format: 'safetensors',
    metadata,
    tensors,
    read(name, signal) {
      const { offset, byteLength } = tensors.get(name)!
      return file.read(offset, byteLength, signal)
    },
  })
}
