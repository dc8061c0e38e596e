import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { loadModel } from '@mamba/models'
import { stories } from '@mamba/stories'
import { fixturePath } from '@mamba/testing'
import { describe, expect, test } from 'vitest'
import { runCaptured } from '../testing/captured-io.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'

const prompt = 'Once upon a time, there was a little robot who'
const greedily = ['--greedy', '--max-tokens', '6']
const continuation = ' lived in a big house.'

describe('text', () => {
  test('is the continuation and a line end; speed and reason follow on standard error', async () => {
    const { status, output, messages } = await runCaptured(['generate', prompt, ...greedily])
    expect(status).toBe(0)
    expect(output).toBe(`${continuation}\n`)
    expect(messages).toMatch(
      /^prompt \d+ tokens, \d+\.\d tok\/s \| text 6 tokens, \d+\.\d tok\/s \| finish: length\n$/,
    )
  })

  test('on a terminal follows its prompt, unless --no-echo', async () => {
    const terminal = { isTTY: true }
    const plain = await runCaptured(['generate', prompt, ...greedily], terminal)
    expect(plain.output).toBe(`${prompt}${continuation}\n`)
    const bare = await runCaptured(['generate', prompt, ...greedily, '--no-echo'], terminal)
    expect(bare.output).toBe(`${continuation}\n`)
  })

  test('with --echo follows its prompt anywhere', async () => {
    const { output } = await runCaptured(['generate', prompt, ...greedily, '--echo'])
    expect(output).toBe(`${prompt}${continuation}\n`)
  })

  test('ends before a stop string; any of several counts', async () => {
    const args = ['generate', prompt, '--greedy', '--stop', 'never', '--stop', ' big']
    const { output, messages } = await runCaptured(args)
    expect(output).toBe(' lived in a\n')
    expect(messages).toContain('finish: stop')
  })

  test('is the same for the same seed, which is told when it was drawn', async () => {
    const args = ['generate', prompt, '--max-tokens', '12', '--temperature', '1.5']
    const drawn = await runCaptured(args)
    const seed = /seed: (\d+)\n$/.exec(drawn.messages)![1]!
    const again = await runCaptured([...args, '--seed', seed])
    expect(again.output).toBe(drawn.output)
  })

  test('heeds the sampling that the checkpoint suggests, and what is given instead', async () => {
    const args = ['generate', prompt, '--max-tokens', '12', '--seed', '3', '--json']
    const suggested = await runCaptured(args)
    const same = await runCaptured([...args, '--temperature', '0.8', '--top-k', '40'])
    const other = await runCaptured([...args, '--temperature', '3', '--top-k', '0'])
    const ids = ({ output }: { output: string }) => JSON.parse(output).ids
    expect(ids(same)).toEqual(ids(suggested))
    expect(ids(other)).not.toEqual(ids(suggested))
  })
})

describe('the prompt', () => {
  test.each([[[]], [['-']]])('comes from standard input with %j, without its last line end', async (args) => {
    const { output } = await runCaptured(['generate', ...args, ...greedily], { stdin: `${prompt}\n` })
    expect(output).toBe(`${continuation}\n`)
  })

  test('is asked for when there is none', async () => {
    expect(await runCaptured(['generate'])).toEqual({
      status: 1,
      output: '',
      messages: 'mamba: generate: there is no prompt; give it as an argument or on standard input\n',
    })
  })

  test('cannot be empty', async () => {
    const empty = { status: 1, messages: expect.stringContaining('the prompt is empty') }
    expect(await runCaptured(['generate', ''])).toMatchObject(empty)
    expect(await runCaptured(['generate'], { stdin: '\n' })).toMatchObject(empty)
  })
})

describe('--json', () => {
  test('prints one object and nothing else', async () => {
    const args = ['generate', prompt, ...greedily, '--json', '--seed', '5']
    const { status, output, messages } = await runCaptured(args, { isTTY: true })
    expect(status).toBe(0)
    expect(messages).not.toContain('tok/s')
    expect(output.endsWith('}\n')).toBe(true)
    const result = JSON.parse(output)
    expect(result).toMatchObject({ text: continuation, finishReason: 'length', seed: 5 })
    expect(result.ids).toHaveLength(6)
    expect(result.promptTokens).toBeGreaterThan(6)
    for (const value of Object.values(result.timing)) expect(value).toBeGreaterThan(0)
  })
})

describe('the state', () => {
  test('that was saved goes on as if there had been no break', async () => {
    using folder = temporaryFolder()
    const file = folder.at('robot.state')
    const first = await runCaptured(['generate', prompt, ...greedily, '--json', '--state-out', file])
    const second = await runCaptured(['generate', ' He liked', ...greedily, '--json', '--state-in', file])

    using model = await loadModel(stories())
    const { ids, promptTokens } = JSON.parse(first.output)
    const before = [...model.tokenizer!.encode(prompt), ...ids]
    const added = model.tokenizer!.encode(' He liked', { addSpecialTokens: false })
    const whole = await model.complete([...before, ...added], { greedy: true, maxTokens: 6 })
    expect(JSON.parse(second.output)).toMatchObject({ ids: whole.ids, promptTokens: added.length })
    expect(first.messages).toContain(`${file}: the state after ${promptTokens + 6} tokens, 700.4 kB\n`)
  })

  test('of another model is refused', async () => {
    using folder = temporaryFolder()
    const file = folder.at('x.state')
    await runCaptured(['generate', 'Tom', '--max-tokens', '1', '--state-out', file])
    const bytes = readFileSync(file)
    const at = bytes.indexOf('"model":"') + 9
    bytes[at] = bytes[at] === 0x30 ? 0x31 : 0x30
    writeFileSync(file, bytes)
    const { status, output, messages } = await runCaptured(['generate', 'Tom', '--state-in', file])
    expect(status).toBe(1)
    expect(output).toBe('')
    expect(messages).toContain(`mamba: --state-in ${file}: State: it belongs to the model `)
  })

  test('that is damaged is refused', async () => {
    const file = fixturePath('mamba', 'config.json')
    const { status, messages } = await runCaptured(['generate', 'Tom', '--state-in', file])
    expect(status).toBe(1)
    expect(messages).toContain(`mamba: --state-in ${file}: state: `)
  })

  test('that cannot be saved is an error before anything is generated', async () => {
    const { status, output, messages } = await runCaptured(['generate', 'Tom', '--state-out', '/no/such/x'])
    expect(status).toBe(1)
    expect(output).toBe('')
    expect(messages).toBe('mamba: --state-out: cannot write into /no/such (no such file or directory)\n')
  })
})

describe('Ctrl-C', () => {
  const long = ['--seed', '1', '--max-tokens', '100000']

  test('ends the text and its line, saves the state, and gives status 130', async () => {
    using folder = temporaryFolder()
    const args = ['generate', prompt, ...long, '--state-out', folder.at('x.state')]
    const { status, output, messages } = await runCaptured(args, { onOutput: (_, io) => io.interrupt() })
    expect(status).toBe(130)
    expect(output).toMatch(/^\S* ?\S+\n$/)
    expect(messages).toContain('finish: interrupted')
    expect(messages).toContain('the state after')
    expect(existsSync(folder.at('x.state'))).toBe(true)
  })

  test('while the model is loaded prints nothing', async () => {
    const args = ['generate', prompt, ...long]
    const { status, output } = await runCaptured(args, { isTTY: true, onMessage: (_, io) => io.interrupt() })
    expect(status).toBe(130)
    expect(output).toBe('')
  })
})

test('progress is shown on a terminal and taken away before the text', async () => {
  const { messages } = await runCaptured(['generate', prompt, ...greedily], { isTTY: true })
  const [nothing, first, ...others] = messages.split('\r\u001b[2K')
  expect(nothing).toBe('')
  expect(first).toMatch(/^loading stories: \d+ %$/)
  expect(others.at(-1)).toMatch(/^prompt \d+ tokens/)
})

test('a model without tokenizer cannot take a text', async () => {
  const { status, messages } = await runCaptured(['generate', 'Tom', '--model', fixturePath('mamba')])
  expect(status).toBe(1)
  expect(messages).toContain(`--model ${fixturePath('mamba')}: there is no tokenizer.json`)
})

test.each([
  ['--top-k', 'abc', 'topK is NaN; expected a whole number of at least 0'],
  ['--top-k', '-1', 'topK is -1'],
  ['--top-p', '1.5', 'topP is 1.5'],
  ['--min-p', '-0.1', 'minP is -0.1'],
  ['--temperature', 'nan', 'temperature is NaN'],
  ['--temperature', '', 'temperature is NaN'],
  ['--repetition-penalty', '0', 'repetitionPenalty is 0'],
  ['--presence-penalty', 'Infinity', 'presencePenalty is Infinity'],
  ['--frequency-penalty', '1e9', 'frequencyPenalty is 1000000000'],
  ['--seed', '1.5', 'seed is 1.5'],
  ['--max-tokens', '0', 'Expected a whole number of at least 1'],
  ['--stop', '', 'Expected some text'],
])('%s %j is refused before the model is loaded', async (option, value, problem) => {
  const { status, output, messages } = await runCaptured(['generate', 'Tom', option, value])
  expect(status).toBe(1)
  expect(output).toBe('')
  expect(messages).toContain(`${option} <`)
  expect(messages).toContain(problem)
  expect(messages.trimEnd()).not.toContain('\n')
})
