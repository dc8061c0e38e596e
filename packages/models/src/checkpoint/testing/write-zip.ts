import { ByteWriter } from './byte-writer.ts'

/** A member of an archive. */
export interface ZipTestMember {
  readonly name: string
  readonly data: Uint8Array
  /** 0, stored, by default. */
  readonly method?: number
  /** Bit 0: encrypted. */
  readonly flags?: number
}

/** How an archive is written. */
export interface ZipTestOptions {
  /** Whether ZIP64 records are there and needed, there for nothing (the default, as torch has them), or absent. */
  readonly zip64?: 'used' | 'unused' | 'absent'
  readonly comment?: string
  /** Changes the offset of a member in the directory. */
  readonly headerOffset?: (offset: number, name: string) => number
}

const SEE_64 = 0xffffffff

/** An archive of stored members, each aligned to 64 bytes by its extra field, as torch has them. */
export function writeZip(
  members: readonly ZipTestMember[],
  { zip64 = 'unused', comment = '', headerOffset = (offset) => offset }: ZipTestOptions = {},
): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter()
  const directory = new ByteWriter()
  for (const { name, data, method = 0, flags = 0 } of members) {
    const nameLength = new TextEncoder().encode(name).length
    const offset = headerOffset(writer.length, name)
    const padding = (64 - ((writer.length + 30 + nameLength + 4) % 64)) % 64
    writer.u32(0x04034b50).u16(20).u16(flags).u16(method).u32(0).u32(0)
    writer
      .u32(data.length)
      .u32(data.length)
      .u16(nameLength)
      .u16(4 + padding)
      .text(name)
    writer.u16(0x4246).u16(padding).bytes(new Uint8Array(padding)).bytes(data)

    const small = (value: number) => (zip64 === 'used' ? SEE_64 : value)
    directory.u32(0x02014b50).u16(0).u16(20).u16(flags).u16(method).u32(0).u32(0)
    directory
      .u32(small(data.length))
      .u32(small(data.length))
      .u16(nameLength)
      .u16(zip64 === 'used' ? 28 : 0)
      .u16(0)
    directory.u16(0).u16(0).u32(0).u32(small(offset)).text(name)
    if (zip64 === 'used') directory.u16(1).u16(24).u64(data.length).u64(data.length).u64(offset)
  }
  const offset = writer.length
  const count = members.length
  writer.bytes(directory.done())
  if (zip64 !== 'absent') {
    const end = writer.length
    writer.u32(0x06064b50).u64(44).u16(20).u16(20).u32(0).u32(0)
    writer.u64(count).u64(count).u64(directory.length).u64(offset)
    writer.u32(0x07064b50).u32(0).u64(end).u32(1)
  }
  writer.u32(0x06054b50).u16(0).u16(0)
  if (zip64 === 'used') writer.u16(0xffff).u16(0xffff).u32(SEE_64).u32(SEE_64)
  else writer.u16(count).u16(count).u32(directory.length).u32(offset)
  return writer.u16(comment.length).text(comment).done()
}
