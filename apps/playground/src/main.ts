/// <reference types="vite/client" />
import type { Pace, Report, Request } from './protocol.ts'

const byId = <T extends HTMLElement>(id: string) => document.getElementById(id) as T
const form = byId<HTMLFormElement>('form')
const writeButton = byId<HTMLButtonElement>('write')
const stopButton = byId<HTMLButtonElement>('stop')
const story = byId('story')
const errorLine = byId('error')
const progress = byId<HTMLProgressElement>('progress')
const status = byId('status')
const speed = byId('speed')
const tokens = byId('tokens')

const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
const ask = (request: Request) => worker.postMessage(request)

/** Where the text goes on. */
let paragraph: HTMLElement | undefined
let seed = 0

form.addEventListener('input', showTemperature)
form.addEventListener('submit', (event) => {
  event.preventDefault()
  const fields = new FormData(form)
  const prompt = String(fields.get('prompt'))
  const number = (name: string) => Number(fields.get(name))
  seed = fields.get('seed') ? number('seed') : crypto.getRandomValues(new Uint32Array(1))[0]!
  begin(prompt)
  ask({ type: 'write', prompt, seed, temperature: number('temperature'), maxTokens: number('maxTokens') })
})
stopButton.addEventListener('click', () => ask({ type: 'stop' }))

worker.addEventListener('message', ({ data }: MessageEvent<Report>) => {
  switch (data.type) {
    case 'loading':
      progress.value = data.loadedBytes / data.totalBytes
      status.textContent = `Loading the model: ${Math.floor(100 * progress.value)} %`
      break
    case 'ready':
      progress.hidden = true
      byId('backend').textContent = `${data.backend}: ${data.device}`
      end('Ready.')
      break
    case 'text':
      paragraph?.append(data.text)
      showPace(data)
      break
    case 'done':
      showPace(data)
      end(`${endings[data.reason]} Seed ${seed}.`)
      break
    case 'error':
      showError(data.message, data.isFinal)
  }
})
worker.addEventListener('error', ({ message }) => showError(message || 'The worker did not start.', true))

const endings = { stop: 'The end.', length: 'As long as asked for.', stopped: 'Stopped.' } as const

function begin(prompt: string): void {
  const beginning = document.createElement('b')
  beginning.textContent = prompt
  paragraph = document.createElement('p')
  paragraph.append(beginning)
  story.replaceChildren(paragraph)
  story.ariaBusy = 'true'
  errorLine.hidden = true
  writeButton.disabled = true
  stopButton.disabled = false
  status.textContent = 'Writing …'
}

function end(message: string): void {
  story.ariaBusy = 'false'
  writeButton.disabled = false
  stopButton.disabled = true
  status.textContent = message
}

function showError(message: string, isFinal: boolean): void {
  progress.hidden = true
  errorLine.textContent = message
  errorLine.hidden = false
  end(isFinal ? 'Nothing can be written here; reload the page to try again.' : 'Try again.')
  writeButton.disabled = isFinal
}

function showPace({ tokens: count, tokensPerSecond }: Pace): void {
  tokens.textContent = String(count)
  if (tokensPerSecond !== undefined) speed.textContent = `${tokensPerSecond.toFixed(1)} tokens per second`
}

function showTemperature(): void {
  const { temperature, temperatureShown } = form.elements as unknown as Record<string, HTMLInputElement>
  temperatureShown!.value = Number(temperature!.value).toFixed(1)
}

// Browsers keep what was typed when a page is loaded again.
showTemperature()

ask({
  type: 'start',
  // It may be named in the address: `?backend=wasm`.
  backend: new URLSearchParams(location.search).get('backend') ?? 'auto',
  source: new URL('stories-mamba-13m-q8_0.gguf', document.baseURI).href,
})
