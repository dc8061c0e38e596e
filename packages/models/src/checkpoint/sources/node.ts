import { CheckpointError } from '@mamba/core'

/** The part of Node's file handles that is used here. */
export interface NodeFile {
  stat(): Promise<{ readonly size: number; isFile(): boolean }>
  read(
    into: Uint8Array,
    at: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesRead: number }>
  close(): Promise<void>
}

interface NodeFs {
  open(path: string, flags: 'r'): Promise<NodeFile>
  stat(path: string): Promise<{ isDirectory(): boolean }>
  readdir(path: string, options: { withFileTypes: true }): Promise<{ name: string; isDirectory(): boolean }[]>
}

interface NodePath {
  dirname(path: string): string
  basename(path: string): string
  join(...parts: string[]): string
}

interface NodeUrl {
  fileURLToPath(url: URL): string
}

/** Node's modules that read folders. */
export interface NodeModules {
  readonly fs: NodeFs
  readonly path: NodePath
  readonly url: NodeUrl
}

/**
 * Node's modules, asked for at run time: an import would stop bundlers and browsers.
 * @throws CheckpointError where the runtime has no files (a browser)
 */
export function nodeModules(): NodeModules {
  const { process } = globalThis as unknown as { process?: { getBuiltinModule?(name: string): unknown } }
  const get = (name: string) => process?.getBuiltinModule?.(name)
  const [fs, path, url] = [get('node:fs/promises'), get('node:path'), get('node:url')]
  if (fs && path && url) return { fs, path, url } as NodeModules
  throw new CheckpointError('cannot open a path: there is no file system here; pass a URL, a File or bytes')
}

/** Whether a file operation failed because the file does not exist. */
export function isNotFound(error: unknown): boolean {
  const { code } = error as { code?: unknown }
  return code === 'ENOENT' || code === 'ENOTDIR'
}
