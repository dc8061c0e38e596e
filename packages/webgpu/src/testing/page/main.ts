import { loadModel } from '@mamba/models'
import { webgpu } from '@mamba/webgpu'

const output = document.querySelector('output')!
const backend = await webgpu({ software: true })
const model = await loadModel(new URL('stories-mamba-13m-q8_0.gguf', location.href), { backend })
for await (const { text } of model.generate('Once upon a time', { temperature: 0, maxTokens: 2 })) {
  output.append(text)
}
output.dataset.done = backend.info.device
