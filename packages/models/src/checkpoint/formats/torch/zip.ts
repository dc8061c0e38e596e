import { CheckpointError } from '@mamba/core'
import { ByteReader } from '../../byte-reader.ts'
import type { RandomAccessFile } from '../../sources/source.ts'
import { quote } from '../../text.ts'
import { findDirectory, readDirectoryEntry, type ZipEntry } from './zip-records.ts'

/** A member of an archive, stored as it is. */
export interface ZipMember {
  readonly name: string
  /** Bytes. */
  readonly size: number
  /** Offset of the member's own header, which its bytes follow. */
  readonly header: number
  /** Offset of what follows it in the file. */
  readonly end: number
}

const LOCAL_HEADER = 30
// Some 200,000 members; a checkpoint has one for each tensor.
const MAX_DIRECTORY = 2 ** 24

/**
 * Reads the directory of a ZIP archive, with or without ZIP64.
 * @returns the members by name
 * @throws CheckpointError if it is not an archive, is truncated or damaged, or holds members that are compressed,
 * encrypted, overlapping or of the same name
 */
export async function readZip(
  file: RandomAccessFile,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, ZipMember>> {
  const { offset, size, count } = await findDirectory(file, signal)
  const name = `${file.name}: the ZIP directory`
  if (size > MAX_DIRECTORY) {
    throw new CheckpointError(`${name} has ${size} bytes; expected at most ${MAX_DIRECTORY}`)
  }
  const reader = new ByteReader(await file.read(offset, size, signal), name)
  const entries: ZipEntry[] = []
  for (let i = 0; i < count; i++) entries.push(readDirectoryEntry(reader, file.name))
  if (reader.remaining() > 0) throw reader.error(`has ${reader.remaining()} bytes after its ${count} entries`)
  return membersOf(entries, file.name, offset)
}

/**
 * Finds where a member's bytes start.
 * @throws CheckpointError if its own header does not fit the directory
 */
export async function locateMember(
  file: RandomAccessFile,
  member: ZipMember,
  signal?: AbortSignal,
): Promise<number> {
  const bytes = await file.read(member.header, LOCAL_HEADER, signal)
  const reader = new ByteReader(bytes, `${file.name}: ${quote(member.name)}`)
  if (reader.u32() !== 0x04034b50) throw reader.error('its header is not where the directory has it')
  reader.bytes(22)
  const start = member.header + LOCAL_HEADER + reader.u16() + reader.u16()
  if (start + member.size > member.end) throw reader.error('it overlaps what follows it')
  return start
}

/**
 * Reads all bytes of a member.
 * @param limit most bytes that it may have
 * @throws CheckpointError if it has more or is damaged
 */
export async function readMember(
  file: RandomAccessFile,
  member: ZipMember,
  limit: number,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  if (member.size > limit) {
    throw new CheckpointError(
      `${file.name}: ${quote(member.name)} has ${member.size} bytes; expected at most ${limit}`,
    )
  }
  return file.read(await locateMember(file, member, signal), member.size, signal)
}

function membersOf(entries: ZipEntry[], file: string, directory: number): Map<string, ZipMember> {
  const members = new Map<string, ZipMember>()
  entries.sort((a, b) => b.header - a.header)
  let end = directory
  for (const { name, size, storedSize, header, encrypted, method } of entries) {
    const fail = (problem: string) => new CheckpointError(`${file}: ${quote(name)} ${problem}`)
    if (method !== 0 || encrypted) throw fail('is compressed or encrypted; torch.save stores it as it is')
    if (size !== storedSize) throw fail(`has ${size} bytes but is stored in ${storedSize}`)
    if (members.has(name)) throw fail('appears twice in the ZIP directory')
    if (header + LOCAL_HEADER + size > end) throw fail('overlaps what follows it, or lies outside the file')
    members.set(name, { name, size, header, end })
    end = header
  }
  return members
}
