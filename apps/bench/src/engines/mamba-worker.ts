/* Ours in a browser: the worker that `mamba-page.ts` starts. It answers each message with the message `{ result }`. */
import type { Engine, EngineOptions, Workload } from './engine.ts'
import { loadMamba } from './load-mamba.ts'

/** What a page loads an engine with. */
export interface PageOptions extends Pick<EngineOptions, 'threads' | 'vocabSize'> {
  readonly modelUrl: string
}

/** What the page asks for. */
export type Request = { readonly load: PageOptions } | { readonly measure: Workload }

let engine: Engine | undefined

self.onmessage = async ({ data }: MessageEvent<Request>) => {
  try {
    self.postMessage({ result: await answer(data) })
  } catch (error) {
    self.postMessage({ error: String(error) })
  }
}

async function answer(request: Request): Promise<unknown> {
  if ('measure' in request) return engine!.measure(request.measure)
  const response = await fetch(request.load.modelUrl)
  engine = await loadMamba(await response.blob(), request.load)
  return engine.about
}
