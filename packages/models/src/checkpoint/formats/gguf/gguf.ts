import { CheckpointError } from '@mamba/core'
import { ByteReader } from '../../byte-reader.ts'
import { type Checkpoint, tableCheckpoint } from '../../checkpoint.ts'
import type { RandomAccessFile } from '../../sources/source.ts'
import { type GgufHeader, parseGgufHeader } from './header.ts'

const FIRST_READ = 2 ** 18
const GROWTH = 4
// Headers with the largest vocabularies have some 20 MB.
const MAX_HEADER = 100_000_000

/**
 * Opens a GGUF file, version 2 or 3. Tensors of every ggml type are listed; those of F32, F16, BF16, Q8_0, I8 and I32
 * can be read.
 * @throws CheckpointError if the file is not such a file, is truncated or is damaged
 */
export async function openGguf(file: RandomAccessFile, signal?: AbortSignal): Promise<Checkpoint> {
  const { metadata, tensors } = await readHeader(file, signal)
  return tableCheckpoint(file, {
    format: 'gguf',
    metadata,
    tensors,
    read(name, signal) {
      const { offset, byteLength } = tensors.get(name)!
      return file.read(offset, byteLength, signal)
    },
  })
}

/** Reads more and more of the file until the header is in it: nothing says how long it is. */
async function readHeader(file: RandomAccessFile, signal: AbortSignal | undefined): Promise<GgufHeader> {
  let bytes: Uint8Array = new Uint8Array()
  for (let length = FIRST_READ; ; length *= GROWTH) {
    bytes = await extend(bytes, Math.min(length, file.size, MAX_HEADER), file, signal)
    const reader = new ByteReader(bytes, file.name, file.size)
    try {
      return parseGgufHeader(reader, file.name, file.size)
    } catch (error) {
      if (!reader.exhausted) throw error
      if (bytes.byteLength < MAX_HEADER) continue
      throw new CheckpointError(`${file.name}: the header is longer than ${MAX_HEADER} bytes`)
    }
  }
}

async function extend(
  bytes: Uint8Array,
  length: number,
  file: RandomAccessFile,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const more = await file.read(bytes.byteLength, length - bytes.byteLength, signal)
  const longer = new Uint8Array(length)
  longer.set(bytes)
  longer.set(more, bytes.byteLength)
  return longer
}
