import { CheckpointError } from '@mamba/core'
import { describe, expect, test } from 'vitest'
import { bytesFile } from '../../sources/bytes.ts'
import type { ByteWriter } from '../../testing/byte-writer.ts'
import { trackedSource } from '../../testing/tracked-source.ts'
import {
  array,
  type GgufTestFile,
  type GgufTestTensor,
  string,
  u32,
  writeGguf,
} from '../../testing/write-gguf.ts'
import { countingBytes } from '../../testing/write-safetensors.ts'
import { openFile } from '../open-file.ts'
import { openGguf } from './gguf.ts'

const open = (file: GgufTestFile) => openGguf(bytesFile('m.gguf', writeGguf(file)))

const f32: GgufTestTensor = { name: 'w', axes: [3, 2], type: 0, data: countingBytes(24) }

test.each([2, 3])('lists and reads tensors of version %s, slowest axis first', async (version) => {
  const q8: GgufTestTensor = { name: 'q', axes: [64, 2], type: 8, data: countingBytes(136) }
  const checkpoint = await open({ version, tensors: [f32, q8] })
  expect(checkpoint.format).toBe('gguf')
  expect(checkpoint.names).toEqual(['w', 'q'])
  expect(checkpoint.info('w')).toMatchObject({
    shape: [2, 3],
    dtype: 'f32',
    storedType: 'F32',
    byteLength: 24,
  })
  expect(checkpoint.info('q')).toMatchObject({
    shape: [2, 64],
    dtype: 'q8_0',
    storedType: 'Q8_0',
    byteLength: 136,
  })
  expect(await checkpoint.read('w')).toEqual(countingBytes(24))
  expect(await checkpoint.read('q')).toEqual(countingBytes(136))
})

test.each([
  [1, 'F16', 'f16', 2],
  [30, 'BF16', 'bf16', 2],
  [24, 'I8', 'i8', 1],
  [26, 'I32', 'i32', 4],
])('reads type %s as %s', async (type, storedType, dtype, size) => {
  const data = countingBytes(3 * size)
  const checkpoint = await open({ tensors: [{ name: 'w', axes: [3], type, data }] })
  expect(checkpoint.info('w')).toMatchObject({ storedType, dtype })
  expect(await checkpoint.read('w')).toEqual(data)
})

test.each([
  [3, 'Q4_1', 20],
  [12, 'Q4_K', 144],
  [14, 'Q6_K', 210],
])('lists type %s as %s, and refuses to read it', async (type, storedType, size) => {
  const elements = size === 20 ? 32 : 256
  const checkpoint = await open({
    tensors: [{ name: 'w', axes: [elements], type, data: countingBytes(size) }],
  })
  expect(checkpoint.info('w')).toMatchObject({ dtype: undefined, storedType, byteLength: size })
  await expect(checkpoint.read('w')).rejects.toThrow(
    `m.gguf: tensor "w" is stored as ${storedType}, which cannot be`,
  )
})

test('reads values of every type', async () => {
  const number = (type: number, write: (view: DataView) => void, size: number) => ({
    type,
    write(writer: { bytes(value: Uint8Array): unknown }) {
      const bytes = new Uint8Array(size)
      write(new DataView(bytes.buffer))
      writer.bytes(bytes)
    },
  })
  const big = 2n ** 60n
  const checkpoint = await open({
    pairs: [
      ['u8', number(0, (view) => view.setUint8(0, 200), 1)],
      ['i8', number(1, (view) => view.setInt8(0, -100), 1)],
      ['u16', number(2, (view) => view.setUint16(0, 60_000, true), 2)],
      ['i16', number(3, (view) => view.setInt16(0, -30_000, true), 2)],
      ['u32', u32(4_000_000_000)],
      ['i32', number(5, (view) => view.setInt32(0, -2_000_000_000, true), 4)],
      ['f32', number(6, (view) => view.setFloat32(0, 0.5, true), 4)],
      ['bool', number(7, (view) => view.setUint8(0, 1), 1)],
      ['string', string('\uFEFFß')],
      ['u64', number(10, (view) => view.setBigUint64(0, 2n ** 40n, true), 8)],
      ['i64', number(11, (view) => view.setBigInt64(0, -big, true), 8)],
      ['f64', number(12, (view) => view.setFloat64(0, 0.1, true), 8)],
      ['strings', array(8, [string('a'), string('')])],
      ['nested', array(9, [array(4, [u32(1), u32(2)]), array(8, [])])],
      ['__proto__', u32(1)],
    ],
  })
  expect(Object.fromEntries(Object.entries(checkpoint.metadata))).toEqual({
    u8: 200,
    i8: -100,
    u16: 60_000,
    i16: -30_000,
    u32: 4_000_000_000,
    i32: -2_000_000_000,
    f32: 0.5,
    bool: true,
    string: '\uFEFFß',
    u64: 2 ** 40,
    i64: -big,
    f64: 0.1,
    strings: ['a', ''],
    nested: [[1, 2], []],
    ['__proto__']: 1,
  })
})

test('tensors may be in any order, with gaps, and aligned as the file says', async () => {
  const checkpoint = await open({
    alignment: 64,
    pairs: [['general.alignment', u32(64)]],
    tensors: [
      { name: 'second', axes: [64], type: 24, data: countingBytes(64), offset: 64 },
      { name: 'first', axes: [3], type: 24, data: countingBytes(64), offset: 0 },
      { name: 'empty', axes: [0], type: 0, data: countingBytes(0), offset: 128 },
    ],
  })
  expect((await checkpoint.read('first')).byteLength).toBe(3)
  expect((await checkpoint.read('empty')).byteLength).toBe(0)
})

test('a header is read in growing parts, and the tensors not at all', async () => {
  const tokens = array(
    8,
    Array.from({ length: 20_000 }, (_, i) => string(`token ${i}`)),
  )
  const data = new Uint8Array(2 ** 21)
  const source = trackedSource({
    'm.gguf': writeGguf({
      pairs: [['tokens', tokens]],
      tensors: [{ name: 'w', axes: [2 ** 21], type: 24, data }],
    }),
  })
  const checkpoint = (await openFile(source, 'm.gguf'))!
  expect(checkpoint.metadata.tokens).toHaveLength(20_000)
  expect(source.reads).toEqual([9, 2 ** 18, 3 * 2 ** 18])
})

test('arrays may have 2^22 items together', async () => {
  const bytes = (count: number) => ({
    type: 9,
    write: (writer: ByteWriter) => writer.u32(0).u64(count).bytes(new Uint8Array(count)),
  })
  const half = 2 ** 21
  expect(
    (
      await open({
        pairs: [
          ['a', bytes(half)],
          ['b', bytes(half)],
        ],
      })
    ).metadata.b,
  ).toHaveLength(half)
  await expect(
    open({
      pairs: [
        ['a', bytes(half)],
        ['b', bytes(half + 1)],
      ],
    }),
  ).rejects.toThrow('m.gguf: its arrays have more than 4194304 items')
})

describe('refuses', () => {
  const oneByte = { name: 'w', axes: [1], type: 24, data: countingBytes(1) }
  const cases: [what: string, file: GgufTestFile, message: string][] = [
    ['version 1', { version: 1 }, 'it is GGUF version 1; expected 2 or 3, little-endian'],
    [
      'a big-endian file',
      { version: 0x03000000 },
      'it is GGUF version 50331648 (its numbers are big-endian); expected 2 or 3',
    ],
    ['more tensors than fit', { tensorCount: 2n ** 50n }, 'it claims 1125899906842624 tensors, but only'],
    [
      'more tensors than can be counted',
      { tensorCount: 2n ** 63n },
      'the number of tensors is 9223372036854775808, beyond 2^53',
    ],
    ['more key values than fit', { pairCount: 2 ** 31 }, 'it claims 2147483648 key values, but only'],
    [
      'a key twice',
      {
        pairs: [
          ['a', u32(1)],
          ['a', u32(2)],
        ],
      },
      'the key "a" appears twice',
    ],
    ['a tensor twice', { tensors: [f32, f32] }, 'tensor "w" appears twice'],
    [
      'an unknown value type',
      { pairs: [['a', { type: 13, write: (writer) => writer.u64(0) }]] },
      'the value of "a" has the unknown type 13; expected 0 to 12',
    ],
    [
      'a boolean of 2',
      { pairs: [['a', { type: 7, write: (writer) => writer.u8(2) }]] },
      'a boolean is 2; expected 0 or 1',
    ],
    [
      'an array longer than the file',
      { pairs: [['a', array(4, [], 2 ** 40)]] },
      'the value of "a" has 1099511627776 items, but only',
    ],
    [
      'a string longer than the file',
      { pairs: [['a', { type: 8, write: (writer) => writer.u64(2 ** 20) }]] },
      'where 1048576 more are expected; it is truncated or damaged',
    ],
    [
      'a string beyond 16 MiB',
      { pairs: [['a', { type: 8, write: (writer) => writer.u64(2 ** 40) }]] },
      'the value of "a" has 1099511627776 bytes; expected at most 16777216',
    ],
    [
      'a string that is not UTF-8',
      { pairs: [['a', { type: 8, write: (writer) => writer.u64(1).u8(0xff) }]] },
      'the value of "a" at offset 45 is not valid UTF-8',
    ],
    [
      'arrays in arrays without end',
      { pairs: [['a', array(9, [array(9, [array(9, [array(9, [array(9, [])])])])])]] },
      'the value of "a" nests arrays deeper than 4',
    ],
    [
      'an alignment of 0',
      { pairs: [['general.alignment', u32(0)]] },
      'general.alignment is 0; expected a power of two',
    ],
    [
      'an alignment of 24',
      { pairs: [['general.alignment', u32(24)]] },
      'general.alignment is 24; expected a power of two',
    ],
    [
      'an alignment in words',
      { pairs: [['general.alignment', string('32')]] },
      'general.alignment is "32"; expected a power of two',
    ],
    ['an unknown tensor type', { tensors: [{ ...oneByte, type: 4 }] }, 'tensor "w" has the unknown type 4'],
    [
      'five axes',
      { tensors: [{ ...oneByte, axes: [1, 1, 1, 1, 1] }] },
      'tensor "w" has 5 axes; expected at most 4',
    ],
    [
      'a shape that overflows',
      { tensors: [{ ...oneByte, axes: [2 ** 32, 2 ** 32] }] },
      'tensor "w" has the shape [4294967296,4294967296], whose product is beyond 2^53',
    ],
    [
      'an axis beyond 2^53',
      { tensors: [{ ...oneByte, axes: [2n ** 64n - 1n] }] },
      'the size of an axis is 18446744073709551615, beyond 2^53',
    ],
    [
      'bytes that overflow',
      { tensors: [{ ...oneByte, axes: [2 ** 51], type: 0 }] },
      'tensor "w" has the shape [2251799813685248], whose bytes are beyond 2^53',
    ],
    [
      'rows of half a block',
      { tensors: [{ ...oneByte, axes: [48, 2], type: 8 }] },
      'tensor "w" has the shape [2,48]; expected rows of whole blocks of 32 for Q8_0',
    ],
    [
      'an unaligned tensor',
      { tensors: [f32, { ...oneByte, name: 'x', offset: 40 }] },
      'tensor "x" begins at 40; expected a multiple of 32',
    ],
    [
      'overlapping tensors',
      {
        tensors: [
          { ...f32, axes: [12] },
          { ...oneByte, name: 'x', offset: 32 },
        ],
      },
      'tensor "x" begins at byte',
    ],
    [
      'a tensor beyond the file',
      { tensors: [{ ...f32, axes: [3, 2, 1000] }] },
      'tensor "w" ends at byte 24096, but the file has',
    ],
    [
      'an offset beyond the file',
      { tensors: [{ ...f32, offset: 2 ** 40 }] },
      'tensor "w" ends at byte 1099511627',
    ],
  ]
  test.each(cases)('%s', async (_, file, message) => {
    const refusal = await open(file).catch((error) => error)
    expect(CheckpointError.is(refusal, 'CheckpointError')).toBe(true)
    expect(refusal.message).toContain('m.gguf: ')
    expect(refusal.message).toContain(message)
  })
})
