import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { CheckpointError } from '@mamba/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { folderSource } from './folder.ts'
import { openSource } from './open-source.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mamba-folder-'))
  await writeFile(join(folder, 'a.gguf'), Uint8Array.of(1, 2, 3, 4, 5))
  await mkdir(join(folder, 'sub'))
  await writeFile(join(folder, 'sub', 'b.json'), 'b')
})
afterEach(() => rm(folder, { recursive: true }))

test('lists the files of a folder, and reads ranges of them', async () => {
  const source = await openSource(folder)
  expect(source.name).toBe(folder)
  expect(source.file).toBeUndefined()
  expect(await source.list()).toEqual(['a.gguf'])
  const file = (await source.open('a.gguf'))!
  expect(file.name).toBe(join(folder, 'a.gguf'))
  expect(file.size).toBe(5)
  const parts = await Promise.all([file.read(0, 2), file.read(3, 2), file.read(5, 0)])
  expect(parts.map((part) => [...part])).toEqual([[1, 2], [4, 5], []])
  await file.close()
  expect((await (await source.open('sub/b.json'))!.read(0, 1))[0]).toBe(98)
})

test('a file stands for its folder', async () => {
  for (const input of [
    join(folder, 'a.gguf'),
    pathToFileURL(join(folder, 'a.gguf')),
    pathToFileURL(join(folder, 'a.gguf')).href,
  ]) {
    const source = await openSource(input)
    expect([source.name, source.file]).toEqual([folder, 'a.gguf'])
  }
})

test('links are followed, as the cache of the Hub needs', async () => {
  await symlink(join(folder, 'a.gguf'), join(folder, 'sub', 'link.gguf'))
  const source = await openSource(join(folder, 'sub'))
  expect(await source.list()).toContain('link.gguf')
  expect((await source.open('link.gguf'))!.size).toBe(5)
})

test('a file that does not exist is undefined', async () => {
  const source = await openSource(folder)
  expect(await source.open('b.gguf')).toBeUndefined()
  expect(await source.open('a.gguf/b')).toBeUndefined()
})

describe('refuses', () => {
  test('a folder that does not exist', async () => {
    const missing = join(folder, 'missing')
    await expect(openSource(missing)).rejects.toThrow(
      new CheckpointError(`${missing}: no such file or folder`),
    )
  })

  test('a file URL of another machine', async () => {
    await expect(openSource('file://elsewhere/%2F')).rejects.toThrow(
      'file://elsewhere/%2F: is not the URL of a file here',
    )
  })

  test.each([
    '../a.gguf',
    '/etc/passwd',
    'sub/../../x',
    'sub\\b.json',
    'C:/x',
    'sub//b.json',
    './a.gguf',
    '',
    'a\0b',
  ])('the path %j', async (path) => {
    const source = await openSource(folder)
    await expect(source.open(path)).rejects.toThrow(
      `${folder}: ${JSON.stringify(path)} is not a path inside it`,
    )
  })

  test('a folder where a file should be', async () => {
    await expect((await openSource(folder)).open('sub')).rejects.toThrow(`${join(folder, 'sub')}: not a file`)
  })

  test('ranges outside the file', async () => {
    const file = (await (await openSource(folder)).open('a.gguf'))!
    for (const [offset, length] of [
      [4, 2],
      [6, 0],
      [-1, 1],
      [0, -1],
      [2 ** 53, 1],
      [Number.NaN, 1],
    ] as const) {
      await expect(file.read(offset, length)).rejects.toThrow('are not in the file of 5 bytes')
    }
    await file.close()
  })

  test('a file that became shorter', async () => {
    const file = (await (await openSource(folder)).open('a.gguf'))!
    await truncate(join(folder, 'a.gguf'), 3)
    await expect(file.read(0, 5)).rejects.toThrow('a.gguf: ends at byte 3; it had 5 bytes when opened')
    await file.close()
  })

  test('a read after the file was closed', async () => {
    const file = (await (await openSource(folder)).open('a.gguf'))!
    await file.close()
    await expect(file.read(0, 5)).rejects.toSatisfy((error) => CheckpointError.is(error, 'CheckpointError'))
  })
})

test('an abort passes through as its reason', async () => {
  const reason = new Error('enough')
  const signal = AbortSignal.abort(reason)
  const source = await openSource(folder)
  const file = (await source.open('a.gguf'))!
  await expect(file.read(0, 5, signal)).rejects.toBe(reason)
  await expect(source.open('a.gguf', signal)).rejects.toBe(reason)
  await expect(source.list(signal)).rejects.toBe(reason)
  await file.close()
})

test('where there is no file system, a path is refused with what to do', async () => {
  const { getBuiltinModule } = process
  try {
    Object.defineProperty(process, 'getBuiltinModule', { value: undefined, configurable: true })
    await expect(folderSource(folder)).rejects.toThrow(
      'there is no file system here; pass a URL, a File or bytes',
    )
  } finally {
    Object.defineProperty(process, 'getBuiltinModule', { value: getBuiltinModule, configurable: true })
  }
})
