import { CheckpointError } from '@mamba/core'
import { bytesFile } from './bytes.ts'
import {
  type Attempt,
  discard,
  type HttpOptions,
  readBody,
  requestRange,
  retrying,
  statusOf,
} from './http.ts'
import { allocate, checkPath, type RandomAccessFile, type Source } from './source.ts'
import { contentRange, nameOf, readInto, UrlFile } from './url-file.ts'

// Enough for most headers, so that opening a file and reading its header is one request.
const FIRST_BLOCK = 2 ** 16
const MAX_WHOLE_FILE = 2 ** 28
const FILE_EXTENSIONS = ['.safetensors', '.bin', '.gguf', '.json']
const ABSENT_STATUSES = [404, 410]

/**
 * A source over the files below a URL, read by HTTP range requests. A URL that ends as a checkpoint's file
 * does is that file, and the source is its folder; any other URL is a folder. A query belongs to the file.
 * @throws CheckpointError if the URL is not validly encoded
 */
export function urlSource(url: URL, options: HttpOptions = {}): Source {
  const isFile = FILE_EXTENSIONS.some((extension) => url.pathname.endsWith(extension))
  const root = new URL(url.href)
  root.search = ''
  root.hash = ''
  root.pathname = isFile ? url.pathname.replace(/[^/]*$/, '') : url.pathname.replace(/\/?$/, '/')
  const name = nameOf(root)
  const file = isFile ? decode(url.pathname.slice(root.pathname.length), name) : undefined
  return {
    name,
    file,
    async list() {
      return undefined
    },
    async open(path, signal) {
      checkPath(name, path)
      const address = new URL(path.split('/').map(encodeURIComponent).join('/'), root)
      if (path === file) address.search = url.search
      return retrying(
        () => nameOf(address),
        options,
        signal,
        () => openUrl(address, options, signal),
      )
    },
    async close() {},
  }
}

function decode(part: string, root: string): string {
  try {
    return decodeURIComponent(part)
  } catch (cause) {
    throw new CheckpointError(`${root}${part}: is not a valid address: a "%" is not followed by two digits`, {
      cause,
    })
  }
}

async function openUrl(
  url: URL,
  options: HttpOptions,
  signal: AbortSignal | undefined,
): Promise<Attempt<RandomAccessFile | undefined>> {
  const answer = await requestRange(url, 0, FIRST_BLOCK, options, signal)
  if ('failure' in answer) return answer
  const response = answer.value
  if (response.status === 206) return openRanged(url, response, options, signal)
  const isPage = response.headers.get('Content-Type')?.startsWith('text/html') ?? false
  if (response.status === 200 && !isPage) return openWhole(url, response, options, signal)
  await discard(response)
  // Servers of single-page applications answer every unknown path with their page and status 200.
  if (response.status === 200 || ABSENT_STATUSES.includes(response.status)) return { value: undefined }
  // No range can be served from an empty file.
  if (response.status === 416) return { value: bytesFile(nameOf(url), new Uint8Array()) }
  throw new CheckpointError(`${nameOf(url)}: ${statusOf(response)}`)
}

async function openRanged(
  url: URL,
  response: Response,
  options: HttpOptions,
  signal: AbortSignal | undefined,
): Promise<Attempt<RandomAccessFile>> {
  const range = response.headers.get('Content-Range')
  const size = Number(/^bytes 0-\d+\/(\d+)$/.exec(range ?? '')?.[1] ?? Number.NaN)
  const length = Math.min(size, FIRST_BLOCK)
  if (!Number.isSafeInteger(size) || range !== contentRange(0, length, size)) {
    await discard(response)
    // A browser shows this header of another origin only if the server exposes it.
    throw new CheckpointError(
      `${nameOf(url)}: Content-Range is "${range}" at offset 0; expected "bytes 0-<last>/<size>". ` +
        'Another origin must send Access-Control-Expose-Headers: Content-Range',
    )
  }
  const first = new Uint8Array(length)
  const body = await readInto(first, response, signal)
  return 'failure' in body ? body : { value: new UrlFile(url, size, first, response, options) }
}

/** Takes the whole file into memory from a server that does not serve ranges. */
async function openWhole(
  url: URL,
  response: Response,
  { maxWholeFile = MAX_WHOLE_FILE }: HttpOptions,
  signal: AbortSignal | undefined,
): Promise<Attempt<RandomAccessFile>> {
  const chunks: Uint8Array[] = []
  let size = 0
  const announced = Number(response.headers.get('Content-Length') ?? 0)
  const body = await readBody(response, signal, (chunk) => {
    chunks.push(chunk)
    size += chunk.byteLength
    return Math.max(size, announced) <= maxWholeFile
  })
  if (Math.max(size, announced) > maxWholeFile) {
    throw new CheckpointError(
      `${nameOf(url)}: the server does not serve ranges, and the file is larger than the ${maxWholeFile} bytes ` +
        'that are held in memory; use a server with range requests, or download the file',
    )
  }
  if ('failure' in body) return body
  const bytes = allocate(nameOf(url), size)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.byteLength
  }
  return { value: bytesFile(nameOf(url), bytes) }
}
