import type { ByteReader } from '../../byte-reader.ts'
import type { MetadataValue } from '../../checkpoint.ts'
import { quote } from '../../text.ts'

// The longest real strings are chat templates, of some 10 kB.
const MAX_STRING = 2 ** 24
// Ten times the arrays of the largest vocabularies.
const MAX_ITEMS = 2 ** 22
const MAX_DEPTH = 4
const STRING = 8
const ARRAY = 9

interface ScalarType {
  /** Bytes. */
  readonly size: number
  readonly read: (reader: ByteReader) => MetadataValue
}

const scalarTypes: ReadonlyMap<number, ScalarType> = new Map<number, ScalarType>([
  [0, { size: 1, read: (reader) => reader.u8() }],
  [1, { size: 1, read: (reader) => reader.i8() }],
  [2, { size: 2, read: (reader) => reader.u16() }],
  [3, { size: 2, read: (reader) => reader.i16() }],
  [4, { size: 4, read: (reader) => reader.u32() }],
  [5, { size: 4, read: (reader) => reader.i32() }],
  [6, { size: 4, read: (reader) => reader.f32() }],
  [7, { size: 1, read: readBoolean }],
  [10, { size: 8, read: (reader) => numberOf(reader.u64()) }],
  [11, { size: 8, read: (reader) => numberOf(reader.i64()) }],
  [12, { size: 8, read: (reader) => reader.f64() }],
])

/** Reads the key values of a GGUF header, within a bound on the items of all arrays together. */
export class GgufValueReader {
  readonly #reader: ByteReader
  #items = 0

  constructor(reader: ByteReader) {
    this.#reader = reader
  }

  /**
   * A string: u64 length and UTF-8.
   * @throws CheckpointError if it is longer than 16 MiB or not UTF-8
   */
  string(what: string): string {
    const length = this.#reader.size(`the length of ${what}`)
    if (length > MAX_STRING) {
      throw this.#reader.error(`${what} has ${length} bytes; expected at most ${MAX_STRING}`)
    }
    return this.#reader.text(length, what)
  }

  /**
   * The value of a key: u32 type and value.
   * @throws CheckpointError if its type is unknown or its value impossible
   */
  value(key: string): MetadataValue {
    return this.#typed(this.#reader.u32(), `the value of ${quote(key)}`, 0)
  }

  #typed(type: number, what: string, depth: number): MetadataValue {
    if (type === STRING) return this.string(what)
    if (type === ARRAY) return this.#array(what, depth + 1)
    const scalar = scalarTypes.get(type)
    if (scalar) return scalar.read(this.#reader)
    throw this.#reader.error(`${what} has the unknown type ${type}; expected 0 to 12`)
  }

  #array(what: string, depth: number): MetadataValue[] {
    if (depth > MAX_DEPTH) throw this.#reader.error(`${what} nests arrays deeper than ${MAX_DEPTH}`)
    const type = this.#reader.u32()
    const count = this.#reader.size(`the number of items of ${what}`)
    // Strings and arrays take at least the 8 bytes of their length.
    const needed = count * (scalarTypes.get(type)?.size ?? 8)
    if (needed > this.#reader.remaining()) {
      const problem = `has ${count} items, but only ${this.#reader.remaining()} bytes follow`
      throw this.#reader.error(`${what} ${problem}; it is truncated or damaged`)
    }
    this.#items += count
    if (this.#items > MAX_ITEMS) throw this.#reader.error(`its arrays have more than ${MAX_ITEMS} items`)
    const items: MetadataValue[] = []
    for (let i = 0; i < count; i++) items.push(this.#typed(type, what, depth))
    return items
  }
}

function readBoolean(reader: ByteReader): boolean {
  const byte = reader.u8()
  if (byte > 1) throw reader.error(`a boolean is ${byte}; expected 0 or 1`)
  return byte === 1
}

function numberOf(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}
