import { CheckpointError } from '@mamba/core'
import { isNotFound, type NodeFile, type NodeModules, nodeModules } from './node.ts'
import { allocate, checkPath, checkRange, type RandomAccessFile, type Source } from './source.ts'

// Node refuses reads of 2 GiB and more.
const MAX_READ = 2 ** 30

/**
 * A source over a folder on disk, or over the folder of a file, which is then the one that the user named.
 * @param path path or `file:` URL
 * @throws CheckpointError if there is nothing at `path`, or no file system here
 */
export async function folderSource(path: string | URL): Promise<Source> {
  const node = nodeModules()
  const place = path instanceof URL ? pathOf(node, path) : path
  const isFolder = await isDirectory(node, place)
  const root = isFolder ? place : node.path.dirname(place)
  return {
    name: root,
    file: isFolder ? undefined : node.path.basename(place),
    async list(signal) {
      signal?.throwIfAborted()
      const entries = await node.fs.readdir(root, { withFileTypes: true }).catch((cause) => {
        throw new CheckpointError(`${root}: cannot list the folder (${messageOf(cause)})`, { cause })
      })
      return entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name)
    },
    async open(relative, signal) {
      signal?.throwIfAborted()
      checkPath(root, relative)
      return openFile(node, node.path.join(root, relative))
    },
    async close() {},
  }
}

function pathOf(node: NodeModules, url: URL): string {
  try {
    return node.url.fileURLToPath(url)
  } catch (cause) {
    throw new CheckpointError(`${url.href}: is not the URL of a file here (${messageOf(cause)})`, { cause })
  }
}

async function isDirectory(node: NodeModules, path: string): Promise<boolean> {
  try {
    return (await node.fs.stat(path)).isDirectory()
  } catch (cause) {
    const reason = isNotFound(cause) ? 'no such file or folder' : messageOf(cause)
    throw new CheckpointError(`${path}: ${reason}`, { cause })
  }
}

async function openFile(node: NodeModules, name: string): Promise<RandomAccessFile | undefined> {
  let handle: NodeFile | undefined
  try {
    handle = await node.fs.open(name, 'r')
    const stat = await handle.stat()
    if (!stat.isFile()) throw new CheckpointError(`${name}: not a file`)
    return handleFile(name, stat.size, handle)
  } catch (cause) {
    await handle?.close()
    if (isNotFound(cause)) return undefined
    if (CheckpointError.is(cause)) throw cause
    throw new CheckpointError(`${name}: cannot open the file (${messageOf(cause)})`, { cause })
  }
}

function handleFile(name: string, size: number, handle: NodeFile): RandomAccessFile {
  const file: RandomAccessFile = {
    name,
    size,
    async read(offset, length, signal) {
      checkRange(file, offset, length)
      const bytes = allocate(name, length)
      for (let done = 0; done < length; ) {
        signal?.throwIfAborted()
        const wanted = Math.min(length - done, MAX_READ)
        const { bytesRead } = await handle.read(bytes, done, wanted, offset + done).catch((cause) => {
          throw new CheckpointError(`${name}: cannot read at offset ${offset + done} (${messageOf(cause)})`, {
            cause,
          })
        })
        if (bytesRead === 0) {
          throw new CheckpointError(
            `${name}: ends at byte ${offset + done}; it had ${size} bytes when opened`,
          )
        }
        done += bytesRead
      }
      return bytes
    },
    close: () => handle.close(),
  }
  return file
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
