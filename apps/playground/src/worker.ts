/*
 * Holds the model: everything that computes or waits for files does so here, and the page stays alive.
 */
import { type Backend, cpu, DeviceError, firstAvailable, MambaError } from '@mamba/core'
import { loadModel, type Model } from '@mamba/models'
import { wasm } from '@mamba/wasm'
import { webgpu } from '@mamba/webgpu'
import { Meter } from './meter.ts'
import type { Report, Request, StartRequest, WriteRequest } from './protocol.ts'

let model: Model | undefined
let writing = new AbortController()
/** Requests are done one after the other. */
let last: Promise<void> = Promise.resolve()

addEventListener('message', ({ data: request }: MessageEvent<Request>) => {
  writing.abort()
  writing = new AbortController()
  const { signal } = writing
  if (request.type === 'start') last = start(request).catch((error) => fail(error, true))
  if (request.type === 'write') last = last.then(() => write(request, signal))
})

async function start({ backend: name, source }: StartRequest): Promise<void> {
  const backend = await startBackend(name)
  model = await loadModel(source, {
    backend,
    onProgress: ({ loadedBytes, totalBytes }) => report({ type: 'loading', loadedBytes, totalBytes }),
  })
  report({ type: 'ready', backend: backend.name, device: backend.info.device })
}

async function startBackend(name: string): Promise<Backend> {
  switch (name) {
    case 'webgpu':
      // Asked for by name, a program that stands in for a graphics card will do.
      return webgpu({ software: true })
    case 'wasm':
      return wasm()
    case 'cpu':
      return cpu()
    case 'auto':
      return firstAvailable([webgpu, wasm, async () => cpu()])
    default:
      throw new DeviceError(`there is no backend ${name}; expected webgpu, wasm, cpu or auto`)
  }
}

async function write({ prompt, ...options }: WriteRequest, signal: AbortSignal): Promise<void> {
  if (!model) return
  const meter = new Meter()
  try {
    for await (const { text, finishReason } of model.generate(prompt, { ...options, signal })) {
      meter.count()
      report({ type: 'text', text, ...meter.pace() })
      if (finishReason) report({ type: 'done', reason: finishReason, ...meter.pace() })
    }
  } catch (error) {
    if (signal.aborted) report({ type: 'done', reason: 'stopped', ...meter.pace() })
    else await recover(model, error)
  }
}

/** Tells an error, and goes on with a new device if the old one was lost. */
async function recover(model: Model, error: unknown): Promise<void> {
  try {
    if (MambaError.is(error, 'DeviceError')) {
      await model.backend.recover?.()
      await model.reload()
    }
    fail(error, false)
  } catch (final) {
    fail(final, true)
  }
}

function fail(error: unknown, isFinal: boolean): void {
  report({ type: 'error', message: error instanceof Error ? error.message : String(error), isFinal })
}

function report(message: Report): void {
  postMessage(message)
}
