import { CheckpointError } from '@mamba/core'
import { describe, expect, test } from 'vitest'
import { openCheckpoint } from './open-checkpoint.ts'
import { trackedSource } from './testing/tracked-source.ts'
import { writeGguf } from './testing/write-gguf.ts'
import { countingBytes, writeSafetensors } from './testing/write-safetensors.ts'
import { dict, tensor, writeTorch } from './testing/write-torch.ts'

/** A safetensors file with one tensor of this name. */
const safetensors = (name: string) =>
  writeSafetensors({ [name]: { dtype: 'U8', shape: [1], data_offsets: [0, 1] } }, countingBytes(1))
const torch = (name: string) =>
  writeTorch(dict({ [name]: tensor({ key: '0', shape: [1], length: 1, type: 'ByteStorage' }) }), {
    0: countingBytes(1),
  })
const gguf = (name: string) => writeGguf({ tensors: [{ name, axes: [1], type: 24, data: countingBytes(1) }] })
const text = (value: string) => new TextEncoder().encode(value)

const all = {
  'model.safetensors.index.json': text('{"weight_map": {"indexed": "shard.safetensors"}}'),
  'shard.safetensors': safetensors('indexed'),
  'model.safetensors': safetensors('safetensors'),
  'pytorch_model.bin': torch('torch'),
  'x.gguf': gguf('gguf'),
  'expected.safetensors': safetensors('expected'),
  'grads.safetensors': safetensors('grads'),
  'config.json': text('{}'),
}
const without = (...paths: string[]) =>
  Object.fromEntries(Object.entries(all).filter(([path]) => !paths.includes(path)))
const index = 'model.safetensors.index.json'

test.each([
  ['the index', all, 'indexed'],
  ['model.safetensors', without(index), 'safetensors'],
  ['another safetensors file', without(index, 'model.safetensors'), 'indexed'],
  ['pytorch_model.bin', without(index, 'model.safetensors', 'shard.safetensors'), 'torch'],
  ['a GGUF file', without(index, 'model.safetensors', 'shard.safetensors', 'pytorch_model.bin'), 'gguf'],
])('finds %s first', async (_, files, name) => {
  const source = trackedSource(files)
  const checkpoint = await openCheckpoint(source)
  expect(checkpoint.names).toEqual([name])
  await checkpoint.close()
  expect(source.openFiles()).toBe(0)
})

test.each([
  [index, 'indexed'],
  ['shard.safetensors', 'indexed'],
  ['pytorch_model.bin', 'torch'],
  ['x.gguf', 'gguf'],
  ['expected.safetensors', 'expected'],
])('opens %s when it is named', async (file, name) => {
  expect((await openCheckpoint(trackedSource(all, file))).names).toEqual([name])
})

test('the content of a file decides its format, not its name', async () => {
  const source = trackedSource({ 'pytorch_model.bin': gguf('w') })
  expect((await openCheckpoint(source)).format).toBe('gguf')
})

describe('refuses', () => {
  test.each([
    [
      'an empty folder',
      {},
      undefined,
      'memory: there are no weights: looked for model.safetensors.index.json, model.safetensors, one other .safetensors file, pytorch_model.bin, one .gguf file; it holds no files',
    ],
    [
      'a folder without weights',
      { 'a.txt': text(''), 'b.txt': text('') },
      undefined,
      'one .gguf file; it holds a.txt, b.txt',
    ],
    ['two GGUF files', { 'a.gguf': gguf('a'), 'b.gguf': gguf('b') }, undefined, 'it holds a.gguf, b.gguf'],
    ['a named file that is not there', {}, 'm.gguf', 'memory: there is no file "m.gguf"'],
    [
      'a web page',
      { m: text('<!doctype html><p>Not found') },
      'm',
      'memory/m: is not a checkpoint, or is truncated: it has 27 bytes and starts with "<!doctype"; expected safetensors',
    ],
    [
      'a file of torch before 1.6',
      { m: Uint8Array.of(0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9) },
      'm',
      'torch.save writes it since version 1.6',
    ],
    ['an empty file', { m: text('') }, 'm', 'memory/m: is not a checkpoint, or is truncated: it has 0 bytes'],
  ])('%s', async (_, files, file, message) => {
    const source = trackedSource(files as Record<string, Uint8Array>, file)
    const refusal = await openCheckpoint(source).catch((error) => error)
    expect(CheckpointError.is(refusal, 'CheckpointError')).toBe(true)
    expect(refusal.message).toContain(message)
    expect(source.openFiles()).toBe(0)
  })
})

test('an abort passes through as its reason, and the file is closed', async () => {
  const source = trackedSource(all, 'x.gguf')
  await expect(openCheckpoint(source, AbortSignal.abort('stop'))).rejects.toBe('stop')
  expect(source.openFiles()).toBe(0)
})
