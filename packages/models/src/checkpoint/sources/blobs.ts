import { CheckpointError } from '@mamba/core'
import { checkPath, checkRange, type RandomAccessFile, type Source } from './source.ts'

/**
 * A source over a browser's files: picked ones, or all those of a dropped or picked folder.
 * @throws CheckpointError if two of them have the same path
 */
export function blobsSource(files: readonly File[]): Source {
  const name = 'files'
  const byPath = new Map<string, File>()
  for (const file of files) {
    const path = pathOf(file)
    if (byPath.has(path)) throw new CheckpointError(`${name}: two files are called "${path}"; pass each once`)
    byPath.set(path, file)
  }
  return sourceOf(name, byPath, undefined)
}

/** A source over one file or blob, which is the file that the user named. */
export function blobSource(blob: Blob): Source {
  const path = blob instanceof File ? pathOf(blob) : 'blob'
  return sourceOf('files', new Map([[path, blob]]), path)
}

function sourceOf(name: string, blobs: ReadonlyMap<string, Blob>, file: string | undefined): Source {
  return {
    name,
    file,
    async list() {
      return [...blobs.keys()]
    },
    async open(path) {
      checkPath(name, path)
      const blob = blobs.get(path)
      return blob && blobFile(path, blob)
    },
    async close() {},
  }
}

function blobFile(name: string, blob: Blob): RandomAccessFile {
  const file: RandomAccessFile = {
    name,
    size: blob.size,
    async read(offset, length, signal) {
      signal?.throwIfAborted()
      checkRange(file, offset, length)
      try {
        return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer())
      } catch (cause) {
        // Browsers refuse to read a file that changed on disk since it was picked.
        throw new CheckpointError(`${name}: cannot read ${length} bytes at offset ${offset}`, { cause })
      }
    },
    async close() {},
  }
  return file
}

/** Path below the folder that was dropped or picked: its own name, the first part, says nothing. */
function pathOf(file: File): string {
  return file.webkitRelativePath?.split('/').slice(1).join('/') || file.name
}
