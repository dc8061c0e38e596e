import { CheckpointError } from '@mamba/core'
import { describe, expect, test } from 'vitest'
import { openCheckpoint } from '../open-checkpoint.ts'
import { trackedSource } from '../testing/tracked-source.ts'
import { countingBytes, writeSafetensors } from '../testing/write-safetensors.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const shard = (names: string[], metadata: Record<string, string> = {}) => {
  const entries = names.map((name, i) => [
    name,
    { dtype: 'U8', shape: [2], data_offsets: [2 * i, 2 * i + 2] },
  ])
  return writeSafetensors(
    { __metadata__: metadata, ...Object.fromEntries(entries) },
    countingBytes(2 * names.length),
  )
}
const index = (weight_map: unknown) => bytes(JSON.stringify({ metadata: { total_size: 8 }, weight_map }))
const open = (files: Record<string, Uint8Array>) => {
  const source = trackedSource(files)
  return { source, opened: openCheckpoint(source) }
}

const shards = { '1.safetensors': shard(['a', 'b'], { format: 'pt' }), '2.safetensors': shard(['b', 'c']) }

test('reads each tensor from the file that the index names', async () => {
  const weightMap = { a: '1.safetensors', b: '2.safetensors', c: '2.safetensors' }
  const { source, opened } = open({ 'model.safetensors.index.json': index(weightMap), ...shards })
  const checkpoint = await opened
  expect(checkpoint.name).toBe('memory/model.safetensors.index.json')
  expect([...checkpoint.names].sort()).toEqual(['a', 'b', 'c'])
  expect(checkpoint.info('b').file).toBe('memory/2.safetensors')
  expect(checkpoint.metadata).toEqual({ format: 'pt' })
  expect([...(await checkpoint.read('b'))]).toEqual([0, 1])
  expect([...(await checkpoint.read('c'))]).toEqual([2, 3])
  expect(source.openFiles()).toBe(2)
  await checkpoint.close()
  expect(source.openFiles()).toBe(0)
})

describe('refuses, and leaves nothing open:', () => {
  const at = 'memory/model.safetensors.index.json: '
  const cases: [what: string, files: Record<string, Uint8Array>, message: string][] = [
    [
      'a missing file',
      { i: index({ a: '1.safetensors', c: '3.safetensors' }) },
      'the file "3.safetensors", which it names, is missing',
    ],
    [
      'a tensor that is not in its file',
      { i: index({ a: '1.safetensors', x: '2.safetensors' }) },
      'tensor "x" is not in "2.safetensors", where the index has it',
    ],
    [
      'a path upwards',
      { i: index({ a: '../1.safetensors' }) },
      'tensor "a" is in "../1.safetensors"; expected the name of a file beside the index',
    ],
    ['an absolute path', { i: index({ a: '/etc/passwd' }) }, 'tensor "a" is in "/etc/passwd"; expected'],
    [
      'a Windows path',
      { i: index({ a: 'C:\\1.safetensors' }) },
      'tensor "a" is in "C:\\\\1.safetensors"; expected',
    ],
    ['a file of no string', { i: index({ a: 1 }) }, 'tensor "a" is in 1; expected'],
    ['an empty index', { i: index({}) }, 'weight_map is empty'],
    ['an index without a map', { i: bytes('{}') }, 'weight_map is not an object'],
    ['an index that is no JSON', { i: bytes('<html>') }, 'not valid JSON at line 1, column 1'],
    ['an index that is not UTF-8', { i: Uint8Array.of(0xff) }, 'the text is not valid UTF-8'],
  ]
  test.each(cases)('%s', async (_, { i }, message) => {
    const { source, opened } = open({ 'model.safetensors.index.json': i!, ...shards })
    const refusal = await opened.catch((error) => error)
    expect(CheckpointError.is(refusal, 'CheckpointError')).toBe(true)
    expect(refusal.message).toContain(at + message)
    expect(source.openFiles()).toBe(0)
  })

  test('a damaged file', async () => {
    const files = {
      'model.safetensors.index.json': index({ a: '1.safetensors', c: '2.safetensors' }),
      ...shards,
    }
    const { source, opened } = open({ ...files, '2.safetensors': shards['2.safetensors'].subarray(0, -1) })
    await expect(opened).rejects.toThrow('memory/2.safetensors: tensor "c" ends at byte')
    expect(source.openFiles()).toBe(0)
  })
})
