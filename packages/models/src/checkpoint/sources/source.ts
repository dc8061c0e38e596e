import { CheckpointError } from '@mamba/core'
import type { Checkpoint } from '../checkpoint.ts'
import { quote } from '../text.ts'

/** A file that is read by ranges, so that nothing ever needs the whole of it in memory. */
export interface RandomAccessFile {
  /** Path or URL, for messages. */
  readonly name: string
  /** Bytes in the file. */
  readonly size: number
  /**
   * Reads exactly `length` bytes from `offset` on. Calls may overlap.
   * @returns the bytes; they may be a view of the source's own, so do not write to them
   * @throws CheckpointError if the range is not in the file or cannot be read; the signal's reason if aborted
   */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>
  /** Gives back what the file holds; a read after it fails. */
  close(): Promise<void>
}

/** Where the files of a model lie: a folder, or what stands for one. */
export interface Source {
  /** Path or URL of the folder, for messages. */
  readonly name: string
  /** The one file in it that the user named, if any. */
  readonly file?: string | undefined
  /** The weights, where they are not in a file but made in memory. */
  readonly weights?: Checkpoint | undefined
  /** Paths of the files, relative and with `/`; undefined where the source cannot tell (a URL). */
  list(signal?: AbortSignal): Promise<readonly string[] | undefined>
  /**
   * Opens a file for reading.
   * @param path relative to the source, with `/`
   * @returns undefined if there is no such file
   * @throws CheckpointError if the path would leave the source or the file cannot be opened
   */
  open(path: string, signal?: AbortSignal): Promise<RandomAccessFile | undefined>
  /** Gives back what the source holds; files that it opened are closed on their own. */
  close(): Promise<void>
}

/** The name of a file of a source, for messages. */
export function pathIn(source: Source, path: string): string {
  return `${source.name.replace(/\/$/, '')}/${path}`
}

/** Whether `path` stays inside a source: relative, with `/`, without `.`, `..` or empty parts. */
export function isSafePath(path: string): boolean {
  if (/[\\\0]|^[A-Za-z]:/.test(path)) return false
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
}

/**
 * Refuses a path that would leave the source.
 * @throws CheckpointError
 */
export function checkPath(source: string, path: string): void {
  if (isSafePath(path)) return
  throw new CheckpointError(
    `${source}: ${quote(path)} is not a path inside it; expected a relative path without ".."`,
  )
}

/**
 * Refuses a range that is not inside a file.
 * @throws CheckpointError
 */
export function checkRange(file: { name: string; size: number }, offset: number, length: number): void {
  const end = offset + length
  if (offset >= 0 && length >= 0 && Number.isSafeInteger(end) && end <= file.size) return
  throw new CheckpointError(
    `${file.name}: bytes ${offset} to ${end} are not in the file of ${file.size} bytes`,
  )
}

/**
 * Allocates the bytes of one read.
 * @throws CheckpointError if the machine cannot hold that many in one array
 */
export function allocate(file: string, length: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(length)
  } catch (cause) {
    throw new CheckpointError(`${file}: cannot hold ${length} bytes in one array`, { cause })
  }
}
