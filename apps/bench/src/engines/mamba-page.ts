/* Ours in a browser: the page's side of `mamba-worker.ts`. */
import type { Engine, Sample } from './engine.ts'
import type { PageOptions, Request } from './mamba-worker.ts'

/** Loads a model in a worker of this page. */
export async function load(options: PageOptions): Promise<Engine> {
  const worker = new Worker(new URL('./mamba-worker.ts', import.meta.url), { type: 'module' })
  const ask = <Result>(request: Request) =>
    new Promise<Result>((resolve, reject) => {
      worker.onmessage = ({ data }) =>
        'error' in data ? reject(new Error(data.error)) : resolve(data.result)
      worker.onerror = ({ message }) => reject(new Error(message))
      worker.postMessage(request)
    })
  const about = await ask<string>({ load: options })
  return { about, measure: (workload) => ask<Sample>({ measure: workload }) }
}
