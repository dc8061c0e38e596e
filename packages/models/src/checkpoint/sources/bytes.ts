import { checkPath, checkRange, type RandomAccessFile, type Source } from './source.ts'

/** A file over bytes in memory; reads are views of them, not copies. */
export function bytesFile(name: string, bytes: Uint8Array): RandomAccessFile {
  const file: RandomAccessFile = {
    name,
    size: bytes.byteLength,
    async read(offset, length, signal) {
      signal?.throwIfAborted()
      checkRange(file, offset, length)
      return bytes.subarray(offset, offset + length)
    },
    async close() {},
  }
  return file
}

/** A source over files in memory, by path. */
export function bytesSource(files: Readonly<Record<string, Uint8Array>>, file?: string): Source {
  const name = 'memory'
  return {
    name,
    file,
    async list() {
      return Object.keys(files)
    },
    async open(path) {
      checkPath(name, path)
      const bytes = Object.hasOwn(files, path) ? files[path] : undefined
      return bytes && bytesFile(`${name}/${path}`, bytes)
    },
    async close() {},
  }
}
