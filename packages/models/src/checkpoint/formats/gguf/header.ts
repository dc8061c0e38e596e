import type { ByteReader } from '../../byte-reader.ts'
import type { Checkpoint, MetadataValue, TensorInfo } from '../../checkpoint.ts'
import { checkedElementCount, isSize } from '../../shape.ts'
import { quote } from '../../text.ts'
import { GGML_TYPES } from './types.ts'
import { GgufValueReader } from './values.ts'

/** A tensor of a GGUF file and where its bytes start, from the start of the file. */
interface GgufEntry extends TensorInfo {
  readonly offset: number
}

/** What the header of a GGUF file says. */
export interface GgufHeader {
  readonly metadata: Checkpoint['metadata']
  readonly tensors: ReadonlyMap<string, GgufEntry>
}

const VERSIONS = [2, 3]
const DEFAULT_ALIGNMENT = 32
const MAX_RANK = 4
// Bytes of a key value and of a tensor's entry that are there whatever they say.
const SMALLEST_PAIR = 13
const SMALLEST_ENTRY = 24

/**
 * Reads the header of a GGUF file, version 2 or 3: counts, key values and tensor entries.
 * @param reader at the start of the file
 * @param file name of the file
 * @param fileSize bytes of the whole file
 * @throws CheckpointError if it is not such a file, or if tensors are unaligned, overlap or lie outside the file
 */
export function parseGgufHeader(reader: ByteReader, file: string, fileSize: number): GgufHeader {
  if (reader.text(4, 'the magic') !== 'GGUF') throw reader.error('it is not a GGUF file')
  const version = reader.u32()
  if (!VERSIONS.includes(version)) {
    const bigEndian = version % 2 ** 16 === 0 ? ' (its numbers are big-endian)' : ''
    throw reader.error(`it is GGUF version ${version}${bigEndian}; expected 2 or 3, little-endian`)
  }
  const tensorCount = readCount(reader, 'tensors', SMALLEST_ENTRY)
  const pairCount = readCount(reader, 'key values', SMALLEST_PAIR)
  const values = new GgufValueReader(reader)
  const metadata: Record<string, MetadataValue> = Object.create(null)
  for (let i = 0; i < pairCount; i++) {
    const key = values.string('a key')
    if (key in metadata) throw reader.error(`the key ${quote(key)} appears twice`)
    metadata[key] = values.value(key)
  }
  const entries = new Map<string, GgufEntry>()
  for (let i = 0; i < tensorCount; i++) {
    const entry = readEntry(reader, values, file)
    if (entries.has(entry.name)) throw reader.error(`tensor ${quote(entry.name)} appears twice`)
    entries.set(entry.name, entry)
  }
  return { metadata, tensors: placeTensors(entries, alignmentOf(metadata, reader), reader, fileSize) }
}

function readCount(reader: ByteReader, what: string, smallest: number): number {
  const count = reader.size(`the number of ${what}`)
  if (count * smallest <= reader.remaining()) return count
  throw reader.error(
    `it claims ${count} ${what}, but only ${reader.remaining()} bytes follow; it is truncated or damaged`,
  )
}

function readEntry(reader: ByteReader, values: GgufValueReader, file: string): GgufEntry {
  const name = values.string("a tensor's name")
  const fail = (problem: string) => reader.error(`tensor ${quote(name)} ${problem}`)
  const rank = reader.u32()
  if (rank > MAX_RANK) throw fail(`has ${rank} axes; expected at most ${MAX_RANK}`)
  // The file lists the fastest axis first.
  const shape = Array.from({ length: rank }, () => reader.size('the size of an axis')).reverse()
  const typeNumber = reader.u32()
  const type = GGML_TYPES.get(typeNumber)
  if (!type) throw fail(`has the unknown type ${typeNumber}`)
  const count = checkedElementCount(shape)
  if (count === undefined) throw fail(`has the shape [${shape}], whose product is beyond 2^53`)
  if ((shape.at(-1) ?? 1) % type.elements !== 0) {
    throw fail(`has the shape [${shape}]; expected rows of whole blocks of ${type.elements} for ${type.name}`)
  }
  const byteLength = (count / type.elements) * type.bytes
  if (!isSize(byteLength)) throw fail(`has the shape [${shape}], whose bytes are beyond 2^53`)
  const offset = reader.size(`the offset of tensor ${quote(name)}`)
  return { name, shape, dtype: type.dtype, storedType: type.name, byteLength, file, offset }
}

function alignmentOf(metadata: Checkpoint['metadata'], reader: ByteReader): number {
  const alignment = metadata['general.alignment'] ?? DEFAULT_ALIGNMENT
  if (isSize(alignment) && alignment > 0 && Number.isInteger(Math.log2(alignment))) return alignment
  throw reader.error(`general.alignment is ${quote(alignment)}; expected a power of two`)
}

/** Turns offsets in the data into offsets in the file, and checks that no two tensors share bytes. */
function placeTensors(
  entries: ReadonlyMap<string, GgufEntry>,
  alignment: number,
  reader: ByteReader,
  fileSize: number,
): Map<string, GgufEntry> {
  const dataStart = Math.ceil(reader.offset / alignment) * alignment
  const tensors = new Map<string, GgufEntry>()
  for (const [name, entry] of entries) tensors.set(name, { ...entry, offset: dataStart + entry.offset })
  let end = dataStart
  for (const { name, offset, byteLength } of [...tensors.values()].sort(byPlace)) {
    const fail = (problem: string) => reader.error(`tensor ${quote(name)} ${problem}`)
    if ((offset - dataStart) % alignment !== 0) {
      throw fail(`begins at ${offset - dataStart}; expected a multiple of ${alignment}`)
    }
    if (offset < end) {
      throw fail(`begins at byte ${offset} and overlaps the one before it, which ends at ${end}`)
    }
    end = offset + byteLength
    if (end > fileSize) {
      throw fail(`ends at byte ${end}, but the file has ${fileSize}; it is truncated or damaged`)
    }
  }
  return tensors
}

function byPlace(a: GgufEntry, b: GgufEntry): number {
  return a.offset - b.offset || a.byteLength - b.byteLength
}
