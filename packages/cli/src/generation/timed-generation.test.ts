import { loadModel } from '@mamba/models'
import { stories } from '@mamba/stories'
import { expect, test } from 'vitest'
import { timedGeneration } from './timed-generation.ts'

test('an abort ends the text with what there is so far', async () => {
  using model = await loadModel(stories())
  const stop = new AbortController()
  const texts: string[] = []
  const result = await timedGeneration(
    model,
    'Once upon a time',
    { seed: 1, signal: stop.signal },
    (text) => {
      if (texts.push(text) === 3) stop.abort()
    },
  )
  expect(result.finishReason).toBe('interrupted')
  expect(result.ids).toHaveLength(3)
  expect(result.text).toBe(texts.join(''))
  expect(result.timing.decodeTokensPerSecond).toBeGreaterThan(0)
})

test('an abort before the prompt is read leaves nothing measured', async () => {
  using model = await loadModel(stories())
  const options = { signal: AbortSignal.abort() }
  expect(await timedGeneration(model, 'Once upon a time', options, () => {})).toEqual({
    text: '',
    ids: [],
    finishReason: 'interrupted',
    promptTokens: 0,
    timing: { promptMs: null, promptTokensPerSecond: null, decodeMs: null, decodeTokensPerSecond: null },
  })
})

test('other errors come through', async () => {
  using model = await loadModel(stories())
  const options = { maxTokens: 0, signal: new AbortController().signal }
  await expect(timedGeneration(model, 'Once', options, () => {})).rejects.toThrow('maxTokens is 0')
})
