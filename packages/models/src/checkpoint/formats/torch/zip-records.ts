import { CheckpointError } from '@mamba/core'
import { ByteReader } from '../../byte-reader.ts'
import type { RandomAccessFile } from '../../sources/source.ts'
import { quote } from '../../text.ts'

// Records of a ZIP archive, by the sections of its specification (APPNOTE 6.3.10).

/** Where the directory of an archive lies, in bytes, and how many members it lists. */
export interface ZipDirectory {
  readonly offset: number
  readonly size: number
  readonly count: number
}

/** What the directory says about a member. */
export interface ZipEntry {
  readonly name: string
  /** Bytes. */
  readonly size: number
  /** Bytes that it takes in the archive. */
  readonly storedSize: number
  /** Offset of the member's own header. */
  readonly header: number
  readonly encrypted: boolean
  /** 0: stored without compression. */
  readonly method: number
}

const END_RECORD = 22
const LONGEST_COMMENT = 0xffff
const LOCATOR_64 = 20
const END_RECORD_64 = 56
const ZIP64_FIELD = 1
// Values that stand for "see the ZIP64 record".
const SEE_64_SHORT = 0xffff
const SEE_64 = 0xffffffff

/**
 * Finds the directory through the end record (4.3.16), or the ZIP64 one (4.3.14).
 * @throws CheckpointError if there is none, or it runs into the end record
 */
export async function findDirectory(file: RandomAccessFile, signal?: AbortSignal): Promise<ZipDirectory> {
  const length = Math.min(file.size, END_RECORD + LONGEST_COMMENT)
  const tail = await file.read(file.size - length, length, signal)
  const at = findEndRecord(tail)
  if (at === undefined) {
    throw new CheckpointError(
      `${file.name}: the end of the ZIP archive is missing; the file is truncated or damaged`,
    )
  }
  const reader = new ByteReader(tail.subarray(at), `${file.name}: the end of the ZIP archive`)
  reader.bytes(10)
  const count = reader.u16()
  const size = reader.u32()
  const offset = reader.u32()
  const end = file.size - length + at
  const small = count !== SEE_64_SHORT && size !== SEE_64 && offset !== SEE_64
  const directory = small ? { offset, size, count, end } : await findDirectory64(file, end, signal)
  // torch writes the ZIP64 record in between even where it is not needed.
  if (directory.offset + directory.size > directory.end) {
    const { size, offset, end } = directory
    throw reader.error(`the directory of ${size} bytes at ${offset} runs into its end record at ${end}`)
  }
  return directory
}

/** Offset in `tail` of the end record: the last place where its signature and its comment's length fit. */
function findEndRecord(tail: Uint8Array): number | undefined {
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength)
  for (let at = tail.byteLength - END_RECORD; at >= 0; at--) {
    if (view.getUint32(at, true) !== 0x06054b50) continue
    if (at + END_RECORD + view.getUint16(at + 20, true) === tail.byteLength) return at
  }
  return undefined
}

async function findDirectory64(file: RandomAccessFile, end: number, signal?: AbortSignal) {
  const what = `${file.name}: the ZIP64 end of the archive`
  const locatorAt = Math.max(0, end - LOCATOR_64)
  const locator = new ByteReader(await file.read(locatorAt, end - locatorAt, signal), what)
  if (locator.u32() !== 0x07064b50) throw locator.error('its locator is missing')
  locator.u32()
  const at = locator.size('its offset')
  if (at + END_RECORD_64 > locatorAt) throw locator.error(`its offset ${at} is beyond its locator`)
  const record = new ByteReader(await file.read(at, END_RECORD_64, signal), what)
  if (record.u32() !== 0x06064b50) throw record.error('it is not at its offset')
  record.bytes(28)
  const count = record.size('the number of members')
  const size = record.size('the size of the directory')
  return { count, size, offset: record.size('the offset of the directory'), end: at }
}

/**
 * Reads the next entry of the directory (4.3.12).
 * @param archive names it in messages
 * @throws CheckpointError if it is damaged
 */
export function readDirectoryEntry(reader: ByteReader, archive: string): ZipEntry {
  if (reader.u32() !== 0x02014b50) throw reader.error('an entry does not begin where the one before it ends')
  reader.bytes(4)
  const flags = reader.u16()
  const method = reader.u16()
  reader.bytes(8)
  const storedSize = reader.u32()
  const size = reader.u32()
  const [nameLength, extraLength, commentLength] = [reader.u16(), reader.u16(), reader.u16()]
  reader.bytes(8)
  const header = reader.u32()
  const name = reader.text(nameLength, 'a name')
  const extra = new ByteReader(reader.bytes(extraLength), `${archive}: the extra fields of ${quote(name)}`)
  reader.bytes(commentLength)
  const field = findField64(extra, `${archive}: the ZIP64 field of ${quote(name)}`)
  // The field (4.5.3) holds only what does not fit into 32 bits, in this order.
  const wide = (value: number, what: string) => (value === SEE_64 && field ? field.size(what) : value)
  return {
    name,
    size: wide(size, 'the size'),
    storedSize: wide(storedSize, 'the stored size'),
    header: wide(header, 'the offset'),
    encrypted: (flags & 1) === 1,
    method,
  }
}

function findField64(reader: ByteReader, what: string): ByteReader | undefined {
  while (reader.remaining() > 0) {
    const [id, length] = [reader.u16(), reader.u16()]
    const bytes = reader.bytes(length)
    if (id === ZIP64_FIELD) return new ByteReader(bytes, what)
  }
  return undefined
}
