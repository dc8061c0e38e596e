import { fixturePath } from '@mamba/testing'
import { webgpu } from '@mamba/webgpu'
import { describe, expect, test } from 'vitest'
import { runCaptured } from '../testing/captured-io.ts'

const short = ['--prompt-length', '20', '--tokens', '4', '--runs', '2']

test('--json prints one object with rates, their spread, and bytes', async () => {
  const { status, output, messages } = await runCaptured(['bench', ...short, '--threads', '1', '--json'])
  expect({ status, messages }).toEqual({ status: 0, messages: '' })
  const report = JSON.parse(output)
  expect(report).toMatchObject({
    model: 'stories',
    backend: 'wasm',
    device: expect.stringContaining('1 thread'),
    threads: 1,
    weightDtype: 'q8_0',
    promptLength: 20,
    tokens: 4,
    runs: 2,
    weightBytes: 15_252_480,
    stateBytes: 700_416,
  })
  expect(report.peakMemoryBytes).toBeGreaterThan(report.weightBytes)
  for (const rate of ['prefillTokensPerSecond', 'decodeTokensPerSecond']) {
    expect(report.minimum[rate]).toBeGreaterThan(0)
    expect(report[rate]).toBeGreaterThanOrEqual(report.minimum[rate])
    expect(report.maximum[rate]).toBeGreaterThanOrEqual(report[rate])
  }
  expect(report.msPerToken).toBeCloseTo(1000 / report.decodeTokensPerSecond)
  // The head is the embedding, so every token reads all of the weights.
  expect(report.achievedBytesPerSecond).toBeCloseTo(report.decodeTokensPerSecond * report.weightBytes)
})

test('without --json it prints the same for people', async () => {
  const { output } = await runCaptured(['bench', ...short, '--backend', 'wasm'])
  expect(output).toMatch(/^backend +wasm: WebAssembly/m)
  expect(output).toMatch(/^weights +15\.3 MB, mostly q8_0$/m)
  expect(output).toMatch(/^decode of 4 +[\d.]+ tok\/s \([\d.]+ to [\d.]+\), [\d.]+ ms\/token$/m)
})

test.each([
  ['random:mamba-130m:q8_0', []],
  ['random:mamba-130m', ['--dtype', 'q8_0']],
])('%s %j has weights in memory, of the published sizes', async (model, more) => {
  const { status, output } = await runCaptured(['bench', '--model', model, ...more, ...short, '--json'])
  expect(status).toBe(0)
  expect(JSON.parse(output)).toMatchObject({
    model: 'random:mamba-130m:q8_0',
    weightDtype: 'q8_0',
    stateBytes: 24 * 1536 * (16 + 3) * 4,
  })
})

test('on a graphics card it has no threads, but memory, and with --profile kernels', async (context) => {
  const card = await webgpu({ software: true }).catch(() => undefined)
  context.skip(!card, 'there is none here')
  card?.destroy()
  const { status, output } = await runCaptured([
    ...['bench', '--backend', 'webgpu', '--model', fixturePath('mamba'), '--profile', '--json'],
    ...['--prompt-length', '3', '--tokens', '2', '--runs', '1'],
  ])
  expect(status).toBe(0)
  const { kernels, ...report } = JSON.parse(output)
  expect(report).toMatchObject({ backend: 'webgpu', device: expect.stringMatching(/^WebGPU, ./) })
  expect(report).not.toHaveProperty('threads')
  expect(report.deviceMemoryBytes).toBeGreaterThan(report.weightBytes)
  expect(kernels.bandwidthBytesPerSecond).toBeGreaterThan(0)
  for (const times of [kernels.prefill, kernels.decode]) {
    expect(times).toContainEqual({
      kernel: expect.stringContaining('linear'),
      count: expect.any(Number),
      microseconds: expect.any(Number),
      bytes: expect.any(Number),
    })
  }
})

describe('a mistake is one line and status 1', () => {
  test.each([
    [
      ['--model', 'random:mamba-7b'],
      'random:mamba-7b: expected random:<name> or random:<name>:<dtype>; names: mamba-',
    ],
    [['--model', 'random:mamba-130m:q9'], 'dtypes: f32, f16, bf16, q8_0, q4_0'],
    [['--model', 'random:mamba-130m:f16', '--dtype', 'q8_0'], 'expected random:<name>'],
    [['--dtype', 'f16'], '--model stories has the dtype of its file'],
    [['--backend', 'cpu', '--threads', '2'], '--threads 2: the cpu backend takes at most 1'],
    [['--backend', 'wasm', '--threads', '10000'], 'the wasm backend takes at most 256'],
    [['--backend', 'cpu', '--profile'], '--profile: the cpu backend has no kernels to time'],
    [['--threads', '0'], 'Expected a whole number of at least 1'],
    [['--threads', '1.5'], 'Expected a whole number of at least 1'],
    [['--runs', '0'], 'Expected a whole number of at least 1'],
  ])('%j', async (args, problem) => {
    const { status, output, messages } = await runCaptured(['bench', ...args])
    expect({ status, output }).toEqual({ status: 1, output: '' })
    expect(messages).toContain(problem)
    expect(messages.trim().split('\n')).toHaveLength(1)
  })
})

test('random weights have no text, which the other commands say', async () => {
  const { messages } = await runCaptured(['generate', 'Once', '--model', 'random:mamba-130m:q4_0'])
  expect(messages).toBe(
    'mamba: --model random:mamba-130m:q4_0: random weights have no tokenizer; use mamba bench\n',
  )
})

test('random weights can be inspected', async () => {
  const { output } = await runCaptured(['inspect', 'random:mamba2-2.7b'])
  expect(output).toMatch(/^parameters +2,702,599,680$/m)
})

test('Ctrl-C ends it with status 130', async () => {
  const { status } = await runCaptured(['bench', '--runs', '1000'], {
    isTTY: true,
    onMessage: (text, io) => {
      if (text.includes('run 1')) io.interrupt()
    },
  })
  expect(status).toBe(130)
})
