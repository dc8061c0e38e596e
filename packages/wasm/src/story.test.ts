import { loadModel } from '@mamba/models'
import { stories } from '@mamba/stories'
import { expect, test } from 'vitest'
import { wasm } from './wasm.ts'

// In Node from a file, in browsers by range requests.
test('the story model writes the same text in Node and in browsers', async () => {
  const backend = await wasm({ threads: 2 })
  using model = await loadModel(stories(), { backend })
  const { text } = await model.complete('Once upon a time', { temperature: 0, maxTokens: 40 })
  expect(text).toBe(
    ', there was a little girl named Lily. She loved to play with her toys and eat yummy food. One day, she ' +
      'found a big, red apple on a table. She was very happy and',
  )
  backend.destroy()
})
