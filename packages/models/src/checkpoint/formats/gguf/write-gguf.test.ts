import type { DType } from '@mamba/core'
import { describe, expect, test } from 'vitest'
import { expectError } from '../../../testing/expect-error.ts'
import { bytesFile } from '../../sources/bytes.ts'
import { ByteWriter } from '../../testing/byte-writer.ts'
import { openGguf } from './gguf.ts'
import { type GgufContent, type GgufTensor, writeGguf } from './write-gguf.ts'

async function written(content: GgufContent, signal?: AbortSignal): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of writeGguf(content, signal)) pieces.push(piece)
  return new Uint8Array(Buffer.concat(pieces))
}

function tensor(name: string, shape: readonly number[], dtype: DType, bytes: Uint8Array): GgufTensor {
  return { name, shape, dtype, read: async () => bytes }
}

const counting = (length: number) => Uint8Array.from({ length }, (_, i) => i)

test('the bytes are those of the format', async () => {
  const content = {
    metadata: { 'a.n': { u32: 7 }, b: { strings: ['é', ''] } },
    tensors: [
      tensor('x', [2, 3], 'f16', counting(12)),
      tensor('y', [1], 'f32', counting(4)),
      tensor('z', [32], 'q8_0', counting(34)),
    ],
  }
  const expected = new ByteWriter().text('GGUF').u32(3).u64(3).u64(2)
  const name = (text: string, bytes = text.length) => expected.u64(bytes).text(text)
  name('a.n').u32(4).u32(7)
  name('b').u32(9).u32(8).u64(2)
  name('é', 2).u64(0)
  name('x').u32(2).u64(3).u64(2).u32(1).u64(0)
  name('y').u32(1).u64(1).u32(0).u64(32)
  name('z').u32(1).u64(32).u32(8).u64(64)
  expected.pad(32).bytes(counting(12)).pad(32).bytes(counting(4)).pad(32).bytes(counting(34)).pad(32)
  expect(await written(content)).toEqual(expected.done())
})

test('every kind of value and dtype is read back as it was', async () => {
  const dtypes = { f32: 4, f16: 2, bf16: 2, i8: 1, i32: 4, q8_0: 34 / 32, q4_0: 18 / 32 } as const
  const tensors = Object.entries(dtypes).map(([dtype, size]) =>
    tensor(dtype, [3, 64], dtype as DType, counting(192 * size)),
  )
  const metadata = {
    u32: { u32: 2 ** 32 - 1 },
    f32: { f32: 0.5 },
    bool: { bool: true },
    string: { string: 'Ġ the\n' },
    strings: { strings: Array.from({ length: 2000 }, (_, i) => `token ${i}`) },
    none: { strings: [] },
    i32s: { i32s: [-1, 2] },
  }
  const checkpoint = await openGguf(bytesFile('file', await written({ metadata, tensors })))
  const values = Object.entries(metadata).map(([key, value]) => [key, Object.values(value)[0]])
  expect(checkpoint.metadata).toEqual(Object.fromEntries(values))
  for (const { name, shape, dtype, read } of tensors) {
    expect(checkpoint.info(name)).toMatchObject({ shape, dtype })
    expect(await checkpoint.read(name)).toEqual(await read())
  }
})

test('a tensor is read when its turn comes', async () => {
  const events: string[] = []
  const tensors = ['a', 'b'].map((name) => ({
    ...tensor(name, [8], 'f32', counting(32)),
    async read() {
      events.push(`read ${name}`)
      return counting(32)
    },
  }))
  for await (const { byteLength } of writeGguf({ metadata: {}, tensors })) events.push(`write ${byteLength}`)
  expect(events).toEqual(['write 96', 'read a', 'write 32', 'read b', 'write 32'])
})

describe('is refused:', () => {
  test('a tensor of too many or too few bytes', async () => {
    const tensors = [tensor('x', [2, 3], 'f32', counting(23))]
    await expectError(written({ metadata: {}, tensors }), 'CheckpointError', '"x" has 23 bytes; expected 24')
  })

  test('a dtype that GGUF does not have', async () => {
    const tensors = [tensor('x', [1], 'u32', counting(4))]
    await expectError(written({ metadata: {}, tensors }), 'CheckpointError', 'no type for u32')
  })
})

test('stops with the reason of an abort', async () => {
  const reason = new Error('enough')
  const tensors = [tensor('x', [1], 'f32', counting(4))]
  await expect(written({ metadata: {}, tensors }, AbortSignal.abort(reason))).rejects.toBe(reason)
})
