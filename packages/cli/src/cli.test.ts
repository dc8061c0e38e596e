import { fixturePath } from '@mamba/testing'
import { describe, expect, test } from 'vitest'
import { run } from './cli.ts'
import { capturedIo, runCaptured } from './testing/captured-io.ts'
import { version } from './version.ts'

const commands = ['generate', 'verify', 'eval', 'inspect', 'bench', 'doctor']

describe('help', () => {
  test('lists every command, on standard output', async () => {
    const { status, output, messages } = await runCaptured(['--help'])
    expect(status).toBe(0)
    for (const command of commands) expect(output).toContain(`\n  ${command} `)
    expect(messages).toBe('')
  })

  test.each(commands)('of %s says what it does and names the global options', async (command) => {
    const { status, output } = await runCaptured([command, '--help'])
    expect(status).toBe(0)
    expect(output).toContain(`Usage: mamba ${command}`)
    expect(output).toContain('--debug')
  })

  test('is what a call without a command gets, on standard error and with status 1', async () => {
    const { status, output, messages } = await runCaptured([])
    expect(status).toBe(1)
    expect(output).toBe('')
    expect(messages).toContain('Usage: mamba')
  })

  test.each(['--version', '-V'])('%s prints the version', async (flag) => {
    expect(await runCaptured([flag])).toEqual({ status: 0, output: `${version}\n`, messages: '' })
  })
})

describe('a mistake in the arguments is one line and status 1', () => {
  test.each([
    [['dance'], "unknown command 'dance'"],
    [['generat'], "unknown command 'generat' (Did you mean generate?)"],
    [['doctor', '--jsn'], "unknown option '--jsn' (Did you mean --json?)"],
    [['verify'], "missing required argument 'folder'"],
    [['inspect', 'a', 'b'], 'too many arguments'],
    [['generate', 'a', '--model'], "option '-m, --model <place>' argument missing"],
    [
      ['generate', 'a', '--backend', 'abacus'],
      "'abacus' is invalid. Allowed choices are auto, webgpu, wasm, cpu",
    ],
  ])('%j', async (args, problem) => {
    const { status, output, messages } = await runCaptured(args)
    expect(status).toBe(1)
    expect(output).toBe('')
    expect(messages).toContain(problem)
    expect(messages).toMatch(/^mamba: .*; see mamba --help\n$/)
  })
})

describe('an error', () => {
  test('of the library is its message, and nothing else', async () => {
    expect(await runCaptured(['inspect', '/no/such/model'])).toEqual({
      status: 1,
      output: '',
      messages: 'mamba: /no/such/model: no such file or folder\n',
    })
  })

  test('with --debug is followed by its stack', async () => {
    const { status, messages } = await runCaptured(['inspect', '/no/such/model', '--debug'])
    expect(status).toBe(1)
    expect(messages).toMatch(/^mamba: .*\nCheckpointError: .*\n {4}at /)
  })

  test('that nobody foresaw is called a bug', async () => {
    const io = capturedIo()
    io.stdout.write = () => {
      throw new TypeError('x is not a function')
    }
    expect(await run(['doctor'], io)).toBe(1)
    expect(io.messages()).toBe(
      'mamba: x is not a function (this is a bug; run again with --debug and report what it prints)\n',
    )
  })

  test('cannot send commands to the terminal', async () => {
    const { messages } = await runCaptured(['inspect', '/no/\u001b[31mred\nmodel'])
    expect(messages).toBe('mamba: /no/\\u001b[31mred\\nmodel: no such file or folder\n')
  })
})

describe('standard output', () => {
  test('that nobody reads any more ends the run, and is no error', async () => {
    const { status, messages } = await runWithFailingOutput('EPIPE')
    expect(status).toBe(0)
    expect(messages).toBe('')
  })

  test('that cannot be written is an error', async () => {
    const { status, messages } = await runWithFailingOutput('ENOSPC')
    expect(status).toBe(1)
    expect(messages).toBe('mamba: ENOSPC, write\n')
  })

  async function runWithFailingOutput(code: string) {
    const io = capturedIo()
    const error = Object.assign(new Error(`${code}, write`), { code, syscall: 'write' })
    io.stdout.write = () => {
      process.nextTick(() => io.stdout.emit('error', error))
      return true
    }
    const status = await run(['verify', fixturePath('mamba2')], io)
    return { status, messages: io.messages() }
  }
})

test('Ctrl-C ends any command with status 130', async () => {
  const { status, output } = await runCaptured(['verify', fixturePath('mamba')], {
    onOutput: (_, io) => io.interrupt(),
  })
  expect(status).toBe(130)
  expect(output.split('\n').length).toBeLessThan(5)
})
