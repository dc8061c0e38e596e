import { writeFileSync } from 'node:fs'
import { loadModel } from '@mamba/models'
import { stories } from '@mamba/stories'
import { readGoldens, sharedPath } from '@mamba/testing'
import { expect, test } from 'vitest'
import { runCaptured } from '../testing/captured-io.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'

const documents = ['Once upon a time, there was a cat.', 'Tom had a ball. It was red.']

test('scores every token but the first of each window, each read on its own', async () => {
  using folder = temporaryFolder()
  writeFileSync(folder.at('text.txt'), documents.join('\n<|endoftext|>\n'))
  const { status, output } = await runCaptured([
    'eval',
    folder.at('text.txt'),
    '--window',
    '8',
    '--json',
    '--backend',
    'cpu',
  ])
  expect(status).toBe(0)

  using model = await loadModel(stories())
  const ids = documents.flatMap((text) => [0, ...model.tokenizer!.encode(text, { addSpecialTokens: false })])
  const scored: number[] = []
  let windows = 0
  for (let start = 0; start < ids.length - 1; start += 8) {
    scored.push(...(await model.nll(ids.slice(start, start + 8))))
    windows += 1
  }
  const nll = scored.reduce((sum, value) => sum + value, 0) / scored.length
  const result = JSON.parse(output)
  expect(result).toMatchObject({ tokens: scored.length, windows })
  expect(result.nll).toBeCloseTo(nll, 6)
  expect(result.perplexity).toBeCloseTo(Math.exp(nll), 4)
})

test('--max-windows ends early', async () => {
  using folder = temporaryFolder()
  writeFileSync(folder.at('text.txt'), documents.join('\n<|endoftext|>\n'))
  const args = ['eval', folder.at('text.txt'), '--window', '4', '--max-windows', '2']
  const { output } = await runCaptured(args)
  expect(output).toMatch(/^nll {9}\d\.\d{5} nats per token$/m)
  expect(output).toMatch(/^perplexity {2}\d+\.\d{3}$/m)
  expect(output).toMatch(/^tokens {6}6 scored, in 2 windows$/m)
})

const referenceModel = sharedPath('models', 'stories-mamba2-13m')
const heldOutText = sharedPath('data', 'stories_valid.txt')

test.skipIf(!referenceModel || !heldOutText)('cuts a text into the windows of the reference', async () => {
  const args = ['eval', heldOutText!, '--model', referenceModel!, '--window', '64', '--max-windows', '6']
  const { output } = await runCaptured([...args, '--json'])

  using model = await loadModel(referenceModel!)
  // 384 tokens reach into the second story.
  const ids = Array.from(readGoldens(`${referenceModel}/expected.safetensors`).ints('val_ids').data)
  const windows = Array.from({ length: 6 }, (_, i) => ids.slice(i * 64, (i + 1) * 64))
  const scored = await model.nll(windows)
  const nll = scored.reduce((sum, value) => sum + value, 0) / scored.length
  const result = JSON.parse(output)
  expect(result).toMatchObject({ tokens: 6 * 63, windows: 6 })
  expect(result.nll).toBeCloseTo(nll, 6)
})

test('a text that is missing or says nothing is an error', async () => {
  using folder = temporaryFolder()
  const missing = await runCaptured(['eval', folder.at('none.txt')])
  expect(missing).toEqual({
    status: 1,
    output: '',
    messages: `mamba: eval: cannot read ${folder.at('none.txt')} (no such file or directory)\n`,
  })
  writeFileSync(folder.at('empty.txt'), ' \n<|endoftext|>\n')
  const empty = await runCaptured(['eval', folder.at('empty.txt')])
  expect(empty.status).toBe(1)
  expect(empty.messages).toContain('fewer than two tokens')
})
