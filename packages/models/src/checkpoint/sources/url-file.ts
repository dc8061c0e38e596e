import { CheckpointError } from '@mamba/core'
import { discard, type HttpOptions, readBody, requestRange, retrying, statusOf } from './http.ts'
import { allocate, checkRange, type RandomAccessFile } from './source.ts'

/** A file on a server that serves ranges. */
export class UrlFile implements RandomAccessFile {
  readonly name: string
  readonly size: number
  readonly #url: URL
  readonly #first: Uint8Array
  readonly #etag: string | null
  readonly #options: HttpOptions

  /**
   * @param first the first bytes of the file, which need not be asked for again
   * @param response that they came with
   */
  constructor(url: URL, size: number, first: Uint8Array, response: Response, options: HttpOptions) {
    this.name = nameOf(url)
    this.size = size
    this.#url = url
    this.#first = first
    this.#etag = response.headers.get('ETag')
    this.#options = options
  }

  async read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    signal?.throwIfAborted()
    checkRange(this, offset, length)
    const end = offset + length
    if (length === 0 || end <= this.#first.byteLength) return this.#first.subarray(offset, end)
    const bytes = allocate(this.name, length)
    let done = 0
    const where = () => `${this.name}: at offset ${offset + done}`
    await retrying<undefined>(where, this.#options, signal, async () => {
      // After a cut, only what is still missing is asked for.
      const begin = offset + done
      const answer = await requestRange(this.#url, begin, end, this.#options, signal)
      if ('failure' in answer) return answer
      const problem = this.#problemOf(answer.value, begin, end)
      if (problem !== undefined) {
        await discard(answer.value)
        throw new CheckpointError(`${where()}: ${problem}`)
      }
      return readInto(bytes.subarray(done), answer.value, signal, (count) => {
        done += count
      })
    })
    return bytes
  }

  async close(): Promise<void> {}

  /** What is wrong with an answer that should be a range of the file that was opened. */
  #problemOf(response: Response, begin: number, end: number): string | undefined {
    const etag = response.headers.get('ETag')
    if (etag && this.#etag && etag !== this.#etag) return 'the file was changed meanwhile; load it again'
    // A server may send the whole file when all of it is asked for.
    if (response.status === 200 && begin === 0 && end === this.size) return undefined
    if (response.status !== 206) return `${statusOf(response)}; expected 206 Partial Content`
    const range = response.headers.get('Content-Range')
    const expected = contentRange(begin, end, this.size)
    return range === expected ? undefined : `Content-Range is "${range}"; expected "${expected}"`
  }
}

/**
 * Fills `bytes` with a body.
 * @param advance is told of every few bytes that came
 * @returns a failure if the body ended too early
 */
export async function readInto(
  bytes: Uint8Array,
  response: Response,
  signal: AbortSignal | undefined,
  advance: (count: number) => void = () => undefined,
) {
  let done = 0
  const body = await readBody(response, signal, (chunk) => {
    const part = chunk.subarray(0, bytes.byteLength - done)
    bytes.set(part, done)
    done += part.byteLength
    advance(part.byteLength)
    return part.byteLength === chunk.byteLength
  })
  if (!('failure' in body) && done < bytes.byteLength) {
    return { failure: `the answer ended ${bytes.byteLength - done} bytes too early` }
  }
  return body
}

/** The header of an answer with the bytes from `begin` to `end` (exclusive). */
export function contentRange(begin: number, end: number, size: number): string {
  return `bytes ${begin}-${end - 1}/${size}`
}

/** Address without user, password and query: these may be secret, and names go into messages. */
export function nameOf(url: URL): string {
  return `${url.origin}${url.pathname}`
}
