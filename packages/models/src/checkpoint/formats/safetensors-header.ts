import { CheckpointError } from '@mamba/core'
import type { Checkpoint, TensorInfo } from '../checkpoint.ts'
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '../json.ts'
import { checkedElementCount, isSize } from '../shape.ts'
import { quote } from '../text.ts'
import { SAFETENSORS_TYPES } from './safetensors-types.ts'

/** A tensor of a safetensors file and where its bytes start, from the start of the file. */
interface SafetensorsEntry extends TensorInfo {
  readonly offset: number
}

/** What the header of a safetensors file says. */
export interface SafetensorsHeader {
  readonly metadata: Checkpoint['metadata']
  readonly tensors: ReadonlyMap<string, SafetensorsEntry>
}

/**
 * Reads the header of a safetensors file and checks it against the file's size.
 * @param text the header
 * @param file name of the file
 * @param dataStart offset of the first byte after the header
 * @param fileSize bytes of the whole file
 * @throws CheckpointError if it is not a header, or if the tensors do not fill the rest of the file exactly,
 * without gaps or overlaps, each with the bytes that its shape and dtype need
 */
export function parseSafetensorsHeader(
  text: string,
  file: string,
  dataStart: number,
  fileSize: number,
): SafetensorsHeader {
  const fail = (problem: string) => new CheckpointError(`${file}: the header is ${problem}`)
  const header = parseJson(text, { fail })
  if (!isJsonObject(header)) throw fail('not an object')
  const tensors = new Map<string, SafetensorsEntry>()
  let metadata: Checkpoint['metadata'] = {}
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') metadata = readMetadata(value, file)
    else tensors.set(name, readEntry(name, value, file, dataStart))
  }
  checkTiling([...tensors.values()], file, dataStart, fileSize)
  return { metadata, tensors }
}

function readMetadata(value: JsonValue, file: string): Record<string, string> {
  if (!isJsonObject(value)) throw new CheckpointError(`${file}: __metadata__ is not an object`)
  const metadata: Record<string, string> = Object.create(null)
  for (const [key, entry] of Object.entries(value)) {
    if (typeof entry !== 'string') {
      throw new CheckpointError(`${file}: __metadata__ ${quote(key)} is not a string`)
    }
    metadata[key] = entry
  }
  return metadata
}

function readEntry(name: string, value: JsonValue, file: string, dataStart: number): SafetensorsEntry {
  const fail = (problem: string) => new CheckpointError(`${file}: tensor ${quote(name)}: ${problem}`)
  if (!isJsonObject(value)) throw fail('its entry is not an object')
  const { storedType, bits, dtype } = readType(value, fail)
  const shape = value.shape
  if (!Array.isArray(shape)) throw fail(`shape is ${quote(shape)}; expected a list of sizes`)
  const count = checkedElementCount(shape)
  if (count === undefined || !isSize(count * bits)) {
    throw fail(`shape is ${quote(shape)}; expected whole sizes whose product can be counted`)
  }
  const [begin, end] = readOffsets(value, fail)
  const byteLength = (count * bits) / 8
  if (end - begin !== byteLength) {
    throw fail(`has ${end - begin} bytes; expected ${byteLength} for ${storedType} ${quote(shape)}`)
  }
  return { name, shape: shape as number[], dtype, storedType, byteLength, file, offset: dataStart + begin }
}

function readType({ dtype: storedType }: JsonObject, fail: (problem: string) => Error) {
  const type = typeof storedType === 'string' ? SAFETENSORS_TYPES.get(storedType) : undefined
  if (type) return { storedType: storedType as string, bits: type.bits, dtype: type.dtype }
  const known = [...SAFETENSORS_TYPES.keys()].join(', ')
  throw fail(`dtype is ${quote(storedType)}; expected one of ${known}`)
}

function readOffsets(
  { data_offsets: offsets }: JsonObject,
  fail: (problem: string) => Error,
): [number, number] {
  if (Array.isArray(offsets) && offsets.length === 2) {
    const [begin, end] = offsets as unknown[]
    if (isSize(begin) && isSize(end) && begin <= end) return [begin, end]
  }
  throw fail(`data_offsets is ${quote(offsets)}; expected [begin, end] with 0 <= begin <= end`)
}

function checkTiling(entries: SafetensorsEntry[], file: string, dataStart: number, fileSize: number): void {
  entries.sort((a, b) => a.offset - b.offset || a.byteLength - b.byteLength)
  let end = dataStart
  for (const { name, offset, byteLength } of entries) {
    if (offset !== end) {
      const problem = offset < end ? 'overlaps the tensor before it' : 'leaves a gap before it'
      throw new CheckpointError(
        `${file}: tensor ${quote(name)} ${problem}: it begins at ${offset - dataStart}; expected ${end - dataStart}`,
      )
    }
    end += byteLength
    if (end > fileSize) {
      throw new CheckpointError(
        `${file}: tensor ${quote(name)} ends at byte ${end}, but the file has ${fileSize}; it is truncated or damaged`,
      )
    }
  }
  if (end !== fileSize) {
    throw new CheckpointError(`${file}: has ${fileSize} bytes; expected ${end}, where its last tensor ends`)
  }
}
