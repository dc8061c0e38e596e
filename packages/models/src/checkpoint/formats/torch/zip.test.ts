import { CheckpointError } from '@mamba/core'
import { describe, expect, test } from 'vitest'
import { bytesFile } from '../../sources/bytes.ts'
import { countingBytes } from '../../testing/write-safetensors.ts'
import { writeZip } from '../../testing/write-zip.ts'
import { readMember, readZip } from './zip.ts'

const members = [
  { name: 'a/data.pkl', data: countingBytes(5) },
  { name: 'a/data/ü', data: countingBytes(0) },
  { name: 'a/data/1', data: countingBytes(70) },
]

// Made by Python 3.11: zipfile.ZipFile(f, 'w').writestr('x/data.pkl', b'hello'), and force_zip64 for x/1.
const pythonZip =
  'UEsDBBQAAAAAAJyzeF2GphA2BQAAAAUAAAAKAAAAeC9kYXRhLnBrbGhlbGxvUEsDBC0AAAAAAAAAIQDijOOs//////////8DABQAeC8xAQAQAAQAAAAAAAAABAAAAAAAAAB3aWRlUEsBAhQDFAAAAAAAnLN4XYamEDYFAAAABQAAAAoAAAAAAAAAAAAAAIABAAAAAHgvZGF0YS5wa2xQSwECLQMtAAAAAAAAACEA4ozjrAQAAAAEAAAAAwAAAAAAAAAAAAAAgAEtAAAAeC8xUEsFBgAAAAACAAIAaQAAAGYAAAAAAA=='

test.each(['used', 'unused', 'absent'] as const)(
  'finds every member with its bytes; ZIP64 %s',
  async (zip64) => {
    const file = bytesFile('m.bin', writeZip(members, { zip64 }))
    const found = await readZip(file)
    expect(found.size).toBe(3)
    for (const { name, data } of members) expect(await readMember(file, found.get(name)!, 100)).toEqual(data)
  },
)

test('reads an archive that Python wrote', async () => {
  const file = bytesFile('m.bin', Uint8Array.from(Buffer.from(pythonZip, 'base64')))
  const found = await readZip(file)
  const text = async (name: string) => new TextDecoder().decode(await readMember(file, found.get(name)!, 100))
  expect(await text('x/data.pkl')).toBe('hello')
  expect(await text('x/1')).toBe('wide')
})

test('an archive may be empty', async () => {
  expect((await readZip(bytesFile('m.bin', writeZip([])))).size).toBe(0)
})

describe('refuses', () => {
  const one = [{ name: 'a/1', data: countingBytes(9) }]
  const patch = (at: number, value: number) => {
    const bytes = writeZip(one, { zip64: 'absent' })
    new DataView(bytes.buffer).setUint32(at < 0 ? bytes.length + at : at, value, true)
    return bytes
  }
  const patch64 = (at: number, value: bigint) => {
    const bytes = writeZip(one, { zip64: 'used' })
    new DataView(bytes.buffer).setBigUint64(bytes.length + at, value, true)
    return bytes
  }
  const cases: [what: string, bytes: Uint8Array, message: string][] = [
    [
      'a compressed member',
      writeZip([{ ...one[0]!, method: 8 }]),
      '"a/1" is compressed or encrypted; torch.save stores it as it is',
    ],
    ['an encrypted member', writeZip([{ ...one[0]!, flags: 1 }]), '"a/1" is compressed or encrypted'],
    ['a member twice', writeZip([one[0]!, one[0]!]), '"a/1" appears twice in the ZIP directory'],
    [
      'members at the same place',
      writeZip([one[0]!, { ...one[0]!, name: 'a/2' }], { headerOffset: () => 0 }),
      'overlaps what follows it, or lies outside the file',
    ],
    [
      'a member outside the file',
      writeZip(one, { headerOffset: () => 2 ** 31 }),
      '"a/1" overlaps what follows it, or lies outside the file',
    ],
    [
      'no end',
      new Uint8Array(100),
      'the end of the ZIP archive is missing; the file is truncated or damaged',
    ],
    [
      'a directory elsewhere',
      patch(-6, 3),
      'the ZIP directory: an entry does not begin where the one before it ends',
    ],
    ['a directory that claims more bytes', patch(-10, 2 ** 30), 'the directory of 1073741824 bytes at'],
    [
      'a directory that claims more members',
      patch(-14, 0x00020002),
      'the ZIP directory: ends after 49 bytes, where 4 more are expected',
    ],
    [
      'a ZIP64 offset beyond the file',
      patch64(-34, 2n ** 50n),
      'the ZIP64 end of the archive: its offset 1125899906842624 is beyond its locator',
    ],
    ['a ZIP64 offset beyond 2^53', patch64(-34, 2n ** 63n), 'its offset is 9223372036854775808, beyond 2^53'],
    ['a ZIP64 offset elsewhere', patch64(-34, 1n), 'the ZIP64 end of the archive: it is not at its offset'],
    [
      'a ZIP64 directory of 2^52 bytes',
      patch64(-58, 2n ** 52n),
      'the directory of 4503599627370496 bytes at',
    ],
  ]
  test.each(cases)('%s', async (_, bytes, message) => {
    const refusal = await readZip(bytesFile('m.bin', bytes)).catch((error) => error)
    expect(CheckpointError.is(refusal, 'CheckpointError')).toBe(true)
    expect(refusal.message).toContain('m.bin: ')
    expect(refusal.message).toContain(message)
  })

  test('a member whose own header is damaged, or says that it begins elsewhere', async () => {
    for (const [at, value, message] of [
      [0, 0, 'its header is not where the directory has it'],
      [28, 0xffff, 'it overlaps what follows it'],
    ] as const) {
      const file = bytesFile('m.bin', patch(at, value))
      const member = (await readZip(file)).get('a/1')!
      await expect(readMember(file, member, 100)).rejects.toThrow(`m.bin: "a/1": ${message}`)
    }
  })

  test('a member larger than it may be', async () => {
    const file = bytesFile('m.bin', writeZip(one))
    const member = (await readZip(file)).get('a/1')!
    await expect(readMember(file, member, 8)).rejects.toThrow('m.bin: "a/1" has 9 bytes; expected at most 8')
  })
})
