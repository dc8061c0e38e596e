import { CheckpointError } from '@mamba/core'
import { expect, test } from 'vitest'
import { bytesSource } from './bytes.ts'
import { openSource } from './open-source.ts'
import type { Source } from './source.ts'

const bytes = Uint8Array.of(1, 2, 3)

async function read(source: Source, path: string) {
  const file = (await source.open(path))!
  return [...(await file.read(1, 2))]
}

test('one file in memory is the file of its source', async () => {
  for (const input of [bytes, bytes.buffer]) {
    const source = await openSource(input)
    expect(await read(source, source.file!)).toEqual([2, 3])
  }
})

test('bytes by path are a folder', async () => {
  const source = await openSource({ 'model.safetensors': bytes, 'config.json': bytes })
  expect(source.file).toBeUndefined()
  expect(await source.list()).toEqual(['model.safetensors', 'config.json'])
  expect(await read(source, 'config.json')).toEqual([2, 3])
  expect(await source.open('toString')).toBeUndefined()
})

test('a picked file keeps its name, a blob has none', async () => {
  const source = await openSource(new File([bytes], 'm.gguf'))
  expect([source.file, await source.list()]).toEqual(['m.gguf', ['m.gguf']])
  expect(await read(source, 'm.gguf')).toEqual([2, 3])
  expect((await openSource(new Blob([bytes]))).file).toBe('blob')
})

test('a dropped folder is a folder, whatever its own name', async () => {
  const dropped = (path: string) => {
    const file = new File([bytes], path.split('/').at(-1)!)
    Object.defineProperty(file, 'webkitRelativePath', { value: path })
    return file
  }
  const source = await openSource([dropped('mamba-130m/config.json'), dropped('mamba-130m/onnx/model.bin')])
  expect(await source.list()).toEqual(['config.json', 'onnx/model.bin'])
  expect(await read(source, 'onnx/model.bin')).toEqual([2, 3])
})

test('reads of blobs are checked, fail in our words, and can be aborted', async () => {
  const broken = new File([bytes], 'm.gguf')
  broken.slice = () =>
    ({ arrayBuffer: () => Promise.reject(new DOMException('gone', 'NotReadableError')) }) as never
  const file = (await (await openSource(broken)).open('m.gguf'))!
  await expect(file.read(0, 1)).rejects.toThrow(
    new CheckpointError('m.gguf: cannot read 1 bytes at offset 0'),
  )
  await expect(file.read(0, 4)).rejects.toThrow('m.gguf: bytes 0 to 4 are not in the file of 3 bytes')
  await expect(file.read(0, 1, AbortSignal.abort('stop'))).rejects.toBe('stop')
})

test('a source is itself', async () => {
  const source = bytesSource({})
  expect(await openSource(source)).toBe(source)
})

test('refuses two files of one name, and addresses that cannot be read', async () => {
  const file = new File([bytes], 'm.gguf')
  await expect(openSource([file, file])).rejects.toThrow(
    'files: two files are called "m.gguf"; pass each once',
  )
  await expect(openSource(new URL('ftp://host/m.gguf'))).rejects.toThrow(
    'cannot read "ftp:"; expected http:, https: or file:',
  )
  await expect(openSource('http://')).rejects.toThrow(new CheckpointError('http://: is not a valid URL'))
  await expect(openSource('http://host/%zz.gguf')).rejects.toThrow(
    'http://host/%zz.gguf: is not a valid address',
  )
})
