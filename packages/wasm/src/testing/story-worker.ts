/*
 * A worker of a page, in which the story model runs. It posts `ready`; for every number of tokens that it is sent it
 * reads so many, and then posts how many milliseconds that took.
 */
import { loadModel } from '@mamba/models'
import { stories } from '@mamba/stories'
import { wasm } from '../wasm.ts'

const backend = await wasm({ threads: 2 })
const model = await loadModel(stories(), { backend })

addEventListener('message', async ({ data: length }: MessageEvent<number>) => {
  const start = performance.now()
  const ids = Array.from({ length }, (_, i) => 100 + i)
  await model.forward(ids).logits.read()
  postMessage(performance.now() - start)
})
postMessage('ready')
