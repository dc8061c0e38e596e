import { CheckpointError } from '@mamba/core'
import type { Source } from './sources/source.ts'

// Tokenizers of 260,000 tokens are files of some 35 MB.
const MAX_TEXT = 2 ** 27

// A byte order mark is kept: in a token or a tensor's name it would be part of it.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Decodes UTF-8.
 * @param what names the bytes in the message: `model.safetensors: the header`
 * @throws CheckpointError if they are not UTF-8
 */
export function decodeUtf8(bytes: Uint8Array, what: string): string {
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw new CheckpointError(`${what} is not valid UTF-8`, { cause })
  }
}

/**
 * Reads a text file of a source, such as config.json or tokenizer.json.
 * @returns undefined if there is no such file
 * @throws CheckpointError if it is larger than 128 MiB, is not UTF-8 or cannot be read
 */
export async function readText(
  source: Source,
  path: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const file = await source.open(path, signal)
  if (!file) return undefined
  try {
    if (file.size > MAX_TEXT) {
      throw new CheckpointError(
        `${file.name}: has ${file.size} bytes; expected a text of at most ${MAX_TEXT}`,
      )
    }
    return decodeUtf8(await file.read(0, file.size, signal), `${file.name}: the text`)
  } finally {
    await file.close()
  }
}

/** A value from a file as it stands in a message: as JSON, cut at 100 characters, since it may be hostile. */
export function quote(value: unknown): string {
  const json = typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? 'missing')
  return json.length > 100 ? `${json.slice(0, 100)}…` : json
}
