import { CheckpointError } from '@mamba/core'
import { decodeUtf8 } from './text.ts'

/**
 * Reads little-endian values one after the other from the first bytes of a file. Everything is checked
 * against the size of the whole file, so a length that lies allocates nothing.
 */
export class ByteReader {
  /** Where the next value starts, in bytes from the start of the file. */
  offset = 0
  /** Whether a value was asked for that is in the file but not in the bytes at hand. */
  exhausted = false
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #name: string
  readonly #size: number

  /**
   * @param bytes the first bytes of the file
   * @param name of the file, for messages
   * @param size bytes of the whole file
   */
  constructor(bytes: Uint8Array, name: string, size = bytes.byteLength) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#name = name
    this.#size = size
  }

  /** Bytes of the file that are still ahead. */
  remaining(): number {
    return this.#size - this.offset
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1))
  }

  i8(): number {
    return this.#view.getInt8(this.#take(1))
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true)
  }

  i16(): number {
    return this.#view.getInt16(this.#take(2), true)
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true)
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4), true)
  }

  f32(): number {
    return this.#view.getFloat32(this.#take(4), true)
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8), true)
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8), true)
  }

  i64(): bigint {
    return this.#view.getBigInt64(this.#take(8), true)
  }

  /**
   * A u64 that is a size, an offset or a count.
   * @throws CheckpointError if it is beyond 2^53
   */
  size(what: string): number {
    const value = this.u64()
    if (value <= Number.MAX_SAFE_INTEGER) return Number(value)
    throw this.error(`${what} is ${value}, beyond 2^53`)
  }

  /** The next `length` bytes, as a view. */
  bytes(length: number): Uint8Array {
    const start = this.#take(length)
    return this.#bytes.subarray(start, start + length)
  }

  /** The next `length` bytes as UTF-8. */
  text(length: number, what: string): string {
    return decodeUtf8(this.bytes(length), `${this.#name}: ${what} at offset ${this.offset - length}`)
  }

  /** An error that says where the reader stands. */
  error(problem: string): CheckpointError {
    return new CheckpointError(`${this.#name}: ${problem} (at offset ${this.offset})`)
  }

  #take(length: number): number {
    const start = this.offset
    const end = start + length
    if (end > this.#size) {
      throw this.error(
        `ends after ${this.#size} bytes, where ${length} more are expected; it is truncated or damaged`,
      )
    }
    if (end > this.#bytes.byteLength) {
      this.exhausted = true
      throw this.error(`only ${this.#bytes.byteLength} bytes were read`)
    }
    this.offset = end
    return start
  }
}
