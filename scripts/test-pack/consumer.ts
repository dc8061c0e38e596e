// What a user writes first. test-pack.mjs compiles and runs this file in a project outside the workspace.
import { run } from '@mamba/cli'
import { byteLength, firstAvailable } from '@mamba/core'
import { selectiveScan } from '@mamba/core/ssm'
import { loadModel } from '@mamba/models'
import { verifyCheckpoint } from '@mamba/models/verify'
import { stories } from '@mamba/stories'
import { wasm } from '@mamba/wasm'
import { webgpu } from '@mamba/webgpu'

for (const value of [run, byteLength, selectiveScan, verifyCheckpoint]) {
  if (typeof value !== 'function') throw new Error(`an export is ${value}`)
}

// The npm package `webgpu` is left out here, so this is the other one.
const backend = await firstAvailable([webgpu, wasm])
if (backend.name !== 'wasm') throw new Error(`the backend is ${backend.name}`)

const model = await loadModel(stories(), { backend })
let text = 'Once upon a time'
let tokens = 0
for await (const token of model.generate(text, { maxTokens: 5, greedy: true })) {
  text += token.text
  tokens++
}
model.dispose()
backend.destroy()
console.log(text)
if (tokens !== 5) throw new Error(`asked for 5 tokens, got ${tokens}`)
