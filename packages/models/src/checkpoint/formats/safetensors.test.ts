import { CheckpointError } from '@mamba/core'
import { describe, expect, test } from 'vitest'
import { bytesFile } from '../sources/bytes.ts'
import { countingBytes, writeSafetensors } from '../testing/write-safetensors.ts'
import { openSafetensors } from './safetensors.ts'

const open = (header: unknown, data: Uint8Array) =>
  openSafetensors(bytesFile('m.safetensors', writeSafetensors(header, data)))

const entry = (dtype: unknown, shape: unknown, data_offsets: unknown) => ({ dtype, shape, data_offsets })

test('lists and reads tensors wherever they lie in the file', async () => {
  const checkpoint = await open(
    { __metadata__: { format: 'pt' }, b: entry('F16', [2, 2], [4, 12]), a: entry('F32', [1], [0, 4]) },
    countingBytes(12),
  )
  expect(checkpoint.format).toBe('safetensors')
  expect(checkpoint.metadata).toEqual({ format: 'pt' })
  expect(checkpoint.names).toEqual(['b', 'a'])
  expect(checkpoint.info('b')).toMatchObject({
    name: 'b',
    shape: [2, 2],
    dtype: 'f16',
    storedType: 'F16',
    byteLength: 8,
    file: 'm.safetensors',
  })
  expect([...(await checkpoint.read('a'))]).toEqual([0, 1, 2, 3])
  expect([...(await checkpoint.read('b'))]).toEqual([4, 5, 6, 7, 8, 9, 10, 11])
})

test('reads a header padded with spaces, a tensor without elements, and one without axes', async () => {
  const header = JSON.stringify({ none: entry('F32', [0, 3], [0, 0]), scalar: entry('F32', [], [0, 4]) })
  const checkpoint = await open(`${header}     `, countingBytes(4))
  expect((await checkpoint.read('none')).byteLength).toBe(0)
  expect((await checkpoint.read('scalar')).byteLength).toBe(4)
})

test('tensors may lie beyond 4 GiB', async () => {
  const size = 2 ** 32
  const far = { a: entry('U8', [size], [0, size]), b: entry('F32', [2], [size, size + 8]) }
  const head = writeSafetensors(far, new Uint8Array())
  const reads: [offset: number, length: number][] = []
  const checkpoint = await openSafetensors({
    name: 'm.safetensors',
    size: head.byteLength + size + 8,
    async read(offset, length) {
      reads.push([offset, length])
      return offset < head.byteLength ? head.subarray(offset, offset + length) : countingBytes(length)
    },
    async close() {},
  })
  expect(await checkpoint.read('b')).toEqual(countingBytes(8))
  expect(reads.at(-1)).toEqual([head.byteLength + size, 8])
})

test('a file may hold no tensors', async () => {
  expect((await open({}, countingBytes(0))).names).toEqual([])
})

test('"__proto__" and numbers are names like any other', async () => {
  const one = '"dtype": "U8", "shape": [1], "data_offsets"'
  const checkpoint = await open(`{"__proto__": {${one}: [0, 1]}, "7": {${one}: [1, 2]}}`, countingBytes(2))
  expect([...checkpoint.names].sort()).toEqual(['7', '__proto__'])
  expect([...(await checkpoint.read('__proto__'))]).toEqual([0])
  expect(() => checkpoint.info('constructor')).toThrow('there is no tensor "constructor" among its 2')
})

test.each([
  ['BOOL', 1],
  ['F64', 8],
  ['I64', 8],
  ['F8_E4M3', 1],
])('lists %s, and refuses to read it', async (dtype, size) => {
  const checkpoint = await open({ w: entry(dtype, [2], [0, 2 * size]) }, countingBytes(2 * size))
  expect(checkpoint.info('w')).toMatchObject({ dtype: undefined, storedType: dtype })
  await expect(checkpoint.read('w')).rejects.toThrow(
    new CheckpointError(
      `m.safetensors: tensor "w" is stored as ${dtype}, which cannot be computed with; ` +
        'convert the checkpoint to float32, float16 or bfloat16',
    ),
  )
})

test('packs elements of less than a byte', async () => {
  expect((await open({ w: entry('F4', [3, 2], [0, 3]) }, countingBytes(3))).info('w').byteLength).toBe(3)
})

describe('refuses', () => {
  const f32 = entry('F32', [1], [0, 4])
  const cases: [what: string, header: unknown, data: number, message: string][] = [
    [
      'an overlap',
      { a: f32, b: entry('F32', [1], [2, 6]) },
      6,
      'tensor "b" overlaps the tensor before it: it begins at 2; expected 4',
    ],
    [
      'the same bytes twice',
      { a: f32, b: f32 },
      4,
      'tensor "b" overlaps the tensor before it: it begins at 0; expected 4',
    ],
    [
      'a gap',
      { a: f32, b: entry('F32', [1], [8, 12]) },
      12,
      'tensor "b" leaves a gap before it: it begins at 8; expected 4',
    ],
    [
      'a gap at the start',
      { a: entry('F32', [1], [4, 8]) },
      8,
      'tensor "a" leaves a gap before it: it begins at 4; expected 0',
    ],
    ['bytes after the last tensor', { a: f32 }, 5, 'has 67 bytes; expected 66, where its last tensor ends'],
    [
      'a tensor beyond the file',
      { a: f32 },
      3,
      'tensor "a" ends at byte 66, but the file has 65; it is truncated or damaged',
    ],
    [
      'offsets beyond the file',
      { a: entry('F32', [2 ** 40], [0, 2 ** 42]) },
      4,
      'tensor "a" ends at byte 4398046511',
    ],
    [
      'offsets beyond 2^53',
      { a: entry('U8', [1], [2 ** 53, 2 ** 53 + 1]) },
      1,
      'tensor "a": data_offsets is [9007199254740992,',
    ],
    [
      'offsets backwards',
      { a: entry('U8', [1], [1, 0]) },
      1,
      'tensor "a": data_offsets is [1,0]; expected [begin, end] with 0 <= begin <= end',
    ],
    ['negative offsets', { a: entry('U8', [1], [-1, 0]) }, 1, 'tensor "a": data_offsets is [-1,0]'],
    ['fractional offsets', { a: entry('U8', [1], [0, 0.5]) }, 1, 'tensor "a": data_offsets is [0,0.5]'],
    ['missing offsets', { a: { dtype: 'U8', shape: [1] } }, 1, 'tensor "a": data_offsets is missing'],
    [
      'an unknown dtype',
      { a: entry('F33', [1], [0, 4]) },
      4,
      'tensor "a": dtype is "F33"; expected one of F32, F16, BF16,',
    ],
    [
      'a dtype of no string',
      { a: entry(['F32'], [1], [0, 4]) },
      4,
      'tensor "a": dtype is ["F32"]; expected one of F32',
    ],
    [
      'a shape that does not match',
      { a: entry('F32', [2], [0, 4]) },
      4,
      'tensor "a": has 4 bytes; expected 8 for F32 [2]',
    ],
    [
      'a shape that overflows',
      { a: entry('F32', [2 ** 32, 2 ** 32], [0, 4]) },
      4,
      'tensor "a": shape is [4294967296,4294967296]; expected',
    ],
    [
      'bytes that overflow',
      { a: entry('F32', [2 ** 50], [0, 4]) },
      4,
      'tensor "a": shape is [1125899906842624]; expected',
    ],
    [
      'a negative size',
      { a: entry('F32', [-1, -1], [0, 4]) },
      4,
      'tensor "a": shape is [-1,-1]; expected whole sizes',
    ],
    [
      'a fractional size',
      { a: entry('F32', [0.5, 2], [0, 4]) },
      4,
      'tensor "a": shape is [0.5,2]; expected whole sizes',
    ],
    [
      'a shape of no list',
      { a: entry('F32', 1, [0, 4]) },
      4,
      'tensor "a": shape is 1; expected a list of sizes',
    ],
    ['an entry of no object', { a: 1 }, 0, 'tensor "a": its entry is not an object'],
    ['metadata of no strings', { __metadata__: { epoch: 1 } }, 0, '__metadata__ "epoch" is not a string'],
    ['metadata of no object', { __metadata__: [] }, 0, '__metadata__ is not an object'],
    [
      'a tensor twice',
      '{"a": 1, "a": 1}',
      0,
      'the header is not valid JSON at line 1, column 13: the key "a" appears twice',
    ],
    [
      'a header of no JSON',
      '{"a"',
      0,
      'the header is not valid JSON at line 1, column 5: expected ":", got the end',
    ],
    ['a header of no object', '[]', 0, 'the header does not start with "{"; it is not a safetensors file'],
  ]
  test.each(cases)('%s', async (_, header, data, message) => {
    const refusal = await open(header, countingBytes(data)).catch((error) => error)
    expect(CheckpointError.is(refusal, 'CheckpointError')).toBe(true)
    expect(refusal.message).toContain(`m.safetensors: ${message}`)
  })

  test.each([
    [100n, 'the header length is 100; expected at most 4 in a file of 12 bytes'],
    [2n ** 53n - 1n, 'the header length is 9007199254740991; expected at most 4'],
    [2n ** 64n - 1n, 'the header length is 18446744073709551615, beyond 2^53'],
  ])('a header length of %s', async (length, message) => {
    const bytes = new Uint8Array(12)
    new DataView(bytes.buffer).setBigUint64(0, length, true)
    await expect(openSafetensors(bytesFile('m.safetensors', bytes))).rejects.toThrow(
      `m.safetensors: ${message}`,
    )
  })

  test('a header that is not UTF-8', async () => {
    const bytes = writeSafetensors('{"aa": 1}', countingBytes(0))
    bytes[10] = 0xff
    await expect(openSafetensors(bytesFile('m.safetensors', bytes))).rejects.toThrow(
      'm.safetensors: the header is not valid UTF-8',
    )
  })

  test('a long name only in part', async () => {
    const refusal = await open({ ['n'.repeat(10_000)]: 1 }, countingBytes(0)).catch((error) => error)
    expect(refusal.message.length).toBeLessThan(250)
  })
})
