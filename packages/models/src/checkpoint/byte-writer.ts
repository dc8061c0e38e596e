/** Writes little-endian values one after the other. The opposite of `ByteReader`. */
export class ByteWriter {
  #bytes = new Uint8Array(1024)
  #view = new DataView(this.#bytes.buffer)
  #length = 0

  /** Bytes written so far. */
  get length(): number {
    return this.#length
  }

  u8(value: number): this {
    const at = this.#add(1)
    this.#view.setUint8(at, value)
    return this
  }

  u32(value: number): this {
    const at = this.#add(4)
    this.#view.setUint32(at, value, true)
    return this
  }

  i32(value: number): this {
    const at = this.#add(4)
    this.#view.setInt32(at, value, true)
    return this
  }

  u64(value: number): this {
    const at = this.#add(8)
    this.#view.setBigUint64(at, BigInt(value), true)
    return this
  }

  f32(value: number): this {
    const at = this.#add(4)
    this.#view.setFloat32(at, value, true)
    return this
  }

  bytes(value: Uint8Array): this {
    const at = this.#add(value.byteLength)
    this.#bytes.set(value, at)
    return this
  }

  /** Zeros up to a multiple of `alignment`. */
  pad(alignment: number): this {
    this.#add(paddingTo(alignment, this.#length))
    return this
  }

  /** A copy of all that was written. */
  done(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length)
  }

  /** Makes room; @returns where it begins */
  #add(count: number): number {
    const start = this.#length
    this.#length += count
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length, 2 * this.#bytes.length))
      larger.set(this.#bytes.subarray(0, start))
      this.#bytes = larger
      this.#view = new DataView(larger.buffer)
    }
    return start
  }
}

/** Bytes that are missing from `length` to a multiple of `alignment`. */
export function paddingTo(alignment: number, length: number): number {
  return (alignment - (length % alignment)) % alignment
}
