import { CheckpointError } from '@mamba/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Checkpoint } from '../checkpoint.ts'
import { openCheckpoint } from '../open-checkpoint.ts'
import { type Mutation, mutate } from '../testing/mutate.ts'
import { trackedSource } from '../testing/tracked-source.ts'
import { array, string, u32, writeGguf } from '../testing/write-gguf.ts'
import { countingBytes, writeSafetensors } from '../testing/write-safetensors.ts'
import { int, orderedDict, tensor, writeTorch } from '../testing/write-torch.ts'

const safetensors = writeSafetensors(
  {
    __metadata__: { format: 'pt' },
    a: { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] },
    b: { dtype: 'BF16', shape: [4], data_offsets: [24, 32] },
  },
  countingBytes(32),
)

const torchValue = orderedDict({
  a: tensor({ key: '0', shape: [3, 2], strides: [1, 3], length: 6 }),
  b: tensor({ key: '1', shape: [2], offset: 1, length: 4, type: 'HalfStorage' }),
  epoch: int(3),
})
const storages = { 0: countingBytes(24), 1: countingBytes(8) }

const gguf = writeGguf({
  pairs: [
    ['general.architecture', string('mamba')],
    ['general.alignment', u32(32)],
    ['tokens', array(8, [string('a'), string('bc')])],
  ],
  tensors: [
    { name: 'a', axes: [3, 2], type: 0, data: countingBytes(24) },
    { name: 'q', axes: [32], type: 8, data: countingBytes(34) },
  ],
})

const formats: [format: string, bytes: Uint8Array<ArrayBuffer>][] = [
  ['safetensors', safetensors],
  ['torch', writeTorch(torchValue, storages)],
  ['torch with ZIP64', writeTorch(torchValue, storages, { zip64: 'used' })],
  ['GGUF', gguf],
]

/** Opens a file, reads all its tensors, and closes it. */
async function readAll(bytes: Uint8Array): Promise<number> {
  const source = trackedSource({ file: bytes }, 'file')
  try {
    const checkpoint = await openCheckpoint(source)
    return await readTensors(checkpoint).finally(() => checkpoint.close())
  } finally {
    expect(source.openFiles()).toBe(0)
    // Whatever lengths the file claims, no more is asked for than it has.
    expect(Math.max(0, ...source.reads)).toBeLessThanOrEqual(bytes.byteLength)
  }
}

/** Bytes of all tensors that can be read. */
async function readTensors(checkpoint: Checkpoint): Promise<number> {
  let total = 0
  for (const name of checkpoint.names) {
    const { dtype, byteLength } = checkpoint.info(name)
    if (!dtype) continue
    const data = await checkpoint.read(name)
    expect(data.byteLength).toBe(byteLength)
    total += byteLength
  }
  return total
}

describe.each(formats)('%s', (_, bytes) => {
  test('a file cut at any byte is refused by name, and closed', async () => {
    const whole = await readAll(bytes)
    // GGUF files end in padding, which may be missing.
    const padding = bytes === gguf ? 30 : 0
    for (let length = 0; length < bytes.length - padding; length++) {
      const refusal = await readAll(bytes.subarray(0, length)).catch((error) => error)
      expect(CheckpointError.is(refusal, 'CheckpointError'), `${length}: ${refusal}`).toBe(true)
      expect(refusal.message).toMatch(/^memory\/file: .*(truncated|damaged|length)/)
    }
    expect(whole).toBeGreaterThan(0)
  })

  test('a file that goes on after its end is refused or read as before', async () => {
    const longer = new Uint8Array(bytes.length + 100)
    longer.set(bytes)
    const result = await readAll(longer).catch((error) => error)
    expect(result === (await readAll(bytes)) || CheckpointError.is(result, 'CheckpointError')).toBe(true)
  })

  test('a file changed at random is read or refused, and closed', async () => {
    const extreme = fc.constantFrom(0n, 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n)
    const written = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 8 }),
      fc.tuple(extreme, fc.constantFrom(1, 2, 4, 8)).map(([value, size]) => {
        return new Uint8Array(BigUint64Array.of(value).buffer, 0, size)
      }),
    )
    const place = fc.integer({ min: 0, max: 9999 }).map((at) => at / 10_000)
    const mutation: fc.Arbitrary<Mutation> = fc.record({
      kind: fc.constantFrom('overwrite', 'overwrite', 'insert', 'remove', 'copy'),
      at: place,
      from: place,
      length: fc.nat(64),
      bytes: written,
    })
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 4 }), async (mutations) => {
        const refusal = await readAll(mutate(bytes, mutations)).catch((error) => error)
        if (typeof refusal !== 'number' && !CheckpointError.is(refusal, 'CheckpointError')) throw refusal
      }),
      { numRuns: 1500 },
    )
  })
})

test('headers of safetensors with random entries are read or refused', async () => {
  const size = fc.oneof(fc.nat(9), fc.constantFrom(-1, 0.5, 2 ** 31, 2 ** 53, 1e300, '1', null))
  const entry = fc.record(
    {
      dtype: fc.constantFrom('F32', 'U8', 'F4', 'F99', 1, null),
      shape: fc.array(size, { maxLength: 3 }),
      data_offsets: fc.array(size, { maxLength: 3 }),
    },
    { requiredKeys: [] },
  )
  const name = fc.constantFrom('a', 'b', '__metadata__', '__proto__', 'toString')
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(name, fc.oneof(entry, fc.jsonValue())),
      fc.nat(20),
      async (header, length) => {
        const result = await readAll(writeSafetensors(header, countingBytes(length))).catch((error) => error)
        if (typeof result !== 'number' && !CheckpointError.is(result, 'CheckpointError')) throw result
      },
    ),
    { numRuns: 1500 },
  )
})
