import { CheckpointError } from '@mamba/core'

/** How a URL is read. */
export interface HttpOptions {
  /** Makes the requests; the global `fetch` by default. */
  readonly fetch?: typeof fetch
  /** How often a request that failed for a passing reason is made again; 3 by default. */
  readonly retries?: number
  /** Wait before the first repetition, in ms, doubled for each further one; 250 by default. */
  readonly backOff?: number
  /** Largest file, in bytes, that is held in memory when a server does not serve ranges; 256 MiB by default. */
  readonly maxWholeFile?: number
}

/** What one attempt came to: a value, or a failure that may pass. One that cannot pass is thrown. */
export type Attempt<T> = { readonly value: T } | { readonly failure: string; readonly cause?: unknown }

// Timeout, too many requests, and what servers and proxies say while they are overloaded or restarted.
const PASSING_STATUSES = [408, 429, 500, 502, 503, 504]

/**
 * Makes attempts until one gives a value.
 * @param where names what was being read, for the message; asked when it is needed
 * @throws CheckpointError when no attempts are left; the signal's reason if aborted
 */
export async function retrying<T>(
  where: () => string,
  { retries = 3, backOff = 250 }: HttpOptions,
  signal: AbortSignal | undefined,
  attempt: () => Promise<Attempt<T>>,
): Promise<T> {
  for (let tries = 0; ; tries++) {
    const result = await attempt()
    if ('value' in result) return result.value
    if (tries === retries) {
      const message = `${where()}: ${result.failure}; gave up after ${tries + 1} attempts`
      throw new CheckpointError(message, { cause: result.cause })
    }
    await delay(backOff * 2 ** tries, signal)
  }
}

/**
 * Asks for bytes `begin` to `end` (exclusive) of a URL; redirects are followed.
 * @returns the response, whatever its status, unless the status is one that passes
 */
export async function requestRange(
  url: URL,
  begin: number,
  end: number,
  options: HttpOptions,
  signal: AbortSignal | undefined,
): Promise<Attempt<Response>> {
  const init: RequestInit = { headers: { Range: `bytes=${begin}-${end - 1}` } }
  if (signal) init.signal = signal
  let response: Response
  try {
    response = await (options.fetch ?? fetch)(url, init)
  } catch (cause) {
    signal?.throwIfAborted()
    return { failure: `no answer (${reasonOf(cause)})`, cause }
  }
  if (!PASSING_STATUSES.includes(response.status)) return { value: response }
  await discard(response)
  return { failure: statusOf(response) }
}

/**
 * Hands the body of a response to `take`, chunk by chunk, until it ends or `take` returns false.
 * @returns why the body did not come to its end, if so
 */
export async function readBody(
  response: Response,
  signal: AbortSignal | undefined,
  take: (chunk: Uint8Array) => boolean,
): Promise<Attempt<undefined>> {
  const reader = response.body?.getReader()
  try {
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
      if (take(part.value)) continue
      await reader?.cancel()
      break
    }
  } catch (cause) {
    signal?.throwIfAborted()
    return { failure: `the connection broke (${reasonOf(cause)})`, cause }
  }
  return { value: undefined }
}

/** Drops a body that is not wanted, so that its connection can be used again. */
export async function discard(response: Response): Promise<void> {
  // A connection that breaks here takes nothing away that was wanted.
  await response.body?.cancel().catch(() => undefined)
}

/** Status of a response in words, with what to do about it. */
export function statusOf({ status, statusText }: Response): string {
  const advice =
    status === 401 || status === 403 ? '; the server does not let you read it without permission' : ''
  return `HTTP ${status} ${statusText}`.trimEnd() + advice
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}

function delay(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    if (signal?.aborted) stop()
    else signal?.addEventListener('abort', stop, { once: true })
  })
}
