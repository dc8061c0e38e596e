/// <reference types="vite/client" />
/*
 * A page as users write it: it shows its backend and a text, or what went wrong. With `?worker-file` in its address it
 * starts the threads from a file.
 */
import { loadModel } from '@mamba/models'
import { wasm } from '@mamba/wasm'
import workerUrl from '@mamba/wasm/worker?url&no-inline'

const output = document.querySelector('output')!
const options = location.search === '?worker-file' ? { workerUrl } : {}
try {
  const backend = await wasm({ threads: 2, ...options })
  const model = await loadModel(new URL('stories-mamba-13m-q8_0.gguf', location.href), { backend })
  const { text } = await model.complete('Once upon a time', { temperature: 0, maxTokens: 8 })
  output.value = `${backend.info.device}${text}`
} catch (error) {
  output.value = String(error)
}
output.dataset.done = ''
