import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { startMamba } from './testing/process.ts'
import { temporaryFolder } from './testing/temporary-folder.ts'
import { version } from './version.ts'

test('--version prints the version with status 0', async () => {
  expect(await startMamba('--version').ending).toEqual({
    status: 0,
    signal: null,
    output: `${version}\n`,
    messages: '',
  })
})

test('an error is one line on standard error and status 1', async () => {
  expect(await startMamba('inspect', '/no/such/model').ending).toEqual({
    status: 1,
    signal: null,
    output: '',
    messages: 'mamba: /no/such/model: no such file or folder\n',
  })
})

test('a prompt on standard input becomes one JSON object on standard output', async () => {
  const { child, ending } = startMamba('generate', '--greedy', '--max-tokens', '4', '--json')
  child.stdin.end('Once upon a time, there was a little robot who\n')
  const { status, output } = await ending
  expect(status).toBe(0)
  expect(JSON.parse(output)).toMatchObject({ text: ' lived in a big', finishReason: 'length' })
})

test('Ctrl-C ends a text cleanly: its line is ended, its state is saved, the status is 130', async () => {
  using folder = temporaryFolder()
  const state = folder.at('x.state')
  const args = ['--seed', '1', '--max-tokens', '100000', '--state-out', state]
  const { child, ending } = startMamba('generate', 'Once upon a time', ...args)
  child.stdout.once('data', () => child.kill('SIGINT'))
  const { status, signal, output, messages } = await ending
  expect({ status, signal }).toEqual({ status: 130, signal: null })
  expect(output).toMatch(/[^\n]\n$/)
  expect(messages).toContain('finish: interrupted')
  expect(existsSync(state)).toBe(true)

  const next = startMamba('generate', ' The end.', '--state-in', state, '--max-tokens', '2')
  expect((await next.ending).status).toBe(0)
})

test('Ctrl-C ends the wait for a prompt', async () => {
  const { child, ending } = startMamba('generate', '--debug')
  // Nothing says that it waits; a signal that came too early would end it too, but not with a status.
  setTimeout(() => child.kill('SIGINT'), 2000)
  expect(await ending).toEqual({ status: 130, signal: null, output: '', messages: '' })
})

test('a reader that goes away ends a text, and is no error', async () => {
  const { child, ending } = startMamba(
    'generate',
    'Once upon a time',
    '--seed',
    '1',
    '--max-tokens',
    '100000',
  )
  child.stdout.once('data', () => child.stdout.destroy())
  const { status, signal, messages } = await ending
  expect({ status, signal }).toEqual({ status: 0, signal: null })
  expect(messages).toMatch(/^prompt .*\n$/)
})
