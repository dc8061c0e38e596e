import { PassThrough } from 'node:stream'
import { fixturePath } from '@mamba/testing'
import { webgpu } from '@mamba/webgpu'
import { describe, expect, test } from 'vitest'
import { startBackend } from './backends.ts'
import { runCaptured } from './testing/captured-io.ts'

/** Whether WebGPU runs here, and whether on a graphics card. */
async function webGpuHere(): Promise<'none' | 'software' | 'card'> {
  try {
    const backend = await webgpu({ software: true })
    backend.destroy()
    return backend.info.notes.length > 0 ? 'software' : 'card'
  } catch {
    return 'none'
  }
}

const here = await webGpuHere()

async function started(backend: string, threads?: number): Promise<{ name: string; messages: string }> {
  const messages = new PassThrough({ encoding: 'utf8' })
  const result = await startBackend({ backend, ...(threads && { threads }) }, messages)
  result.backend.destroy()
  return { name: result.backend.name, messages: messages.read() ?? '' }
}

describe('auto', () => {
  test.skipIf(here === 'card')('never takes a program that stands in for a graphics card', async () => {
    expect(await started('auto')).toEqual({ name: 'wasm', messages: '' })
  })

  test.runIf(here === 'card')('takes a graphics card', async () => {
    expect(await started('auto')).toEqual({ name: 'webgpu', messages: '' })
  })

  test('computes on the processor if its threads are given', async () => {
    expect(await started('auto', 2)).toEqual({ name: 'wasm', messages: '' })
  })
})

describe.skipIf(here === 'none')('webgpu, asked for by name', () => {
  test('is what there is, and says on standard error if that is a program', async () => {
    const { name, messages } = await started('webgpu')
    expect(name).toBe('webgpu')
    expect(messages).toBe(
      here === 'card' ? '' : 'webgpu: this adapter computes in software; wasm() is far faster\n',
    )
  })

  test('has no threads to choose', async () => {
    await expect(started('webgpu', 2)).rejects.toThrow('--threads 2: the webgpu backend takes at most 1')
  })

  test('computes', async () => {
    const work = ['--model', fixturePath('mamba'), '--prompt-length', '4', '--tokens', '2', '--runs', '1']
    const { status, output } = await runCaptured(['bench', ...work, '--backend', 'webgpu', '--json'])
    expect(status).toBe(0)
    expect(JSON.parse(output)).toMatchObject({
      backend: 'webgpu',
      device: expect.stringContaining('WebGPU, '),
      tokens: 2,
    })
  })
})
