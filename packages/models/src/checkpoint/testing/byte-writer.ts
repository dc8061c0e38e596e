/** Writes little-endian values one after the other, for files made by tests. */
export class ByteWriter {
  readonly #bytes: number[] = []

  get length(): number {
    return this.#bytes.length
  }

  u8(...values: number[]): this {
    this.#bytes.push(...values)
    return this
  }

  u16(value: number): this {
    return this.#number(2, (view) => view.setUint16(0, value, true))
  }

  u32(value: number): this {
    return this.#number(4, (view) => view.setUint32(0, value, true))
  }

  u64(value: number | bigint): this {
    return this.#number(8, (view) => view.setBigUint64(0, BigInt(value), true))
  }

  f32(value: number): this {
    return this.#number(4, (view) => view.setFloat32(0, value, true))
  }

  f64(value: number): this {
    return this.#number(8, (view) => view.setFloat64(0, value, true))
  }

  text(value: string): this {
    return this.bytes(new TextEncoder().encode(value))
  }

  bytes(value: Uint8Array): this {
    for (const byte of value) this.#bytes.push(byte)
    return this
  }

  /** Zeros up to a multiple of `alignment`. */
  pad(alignment: number): this {
    while (this.#bytes.length % alignment !== 0) this.#bytes.push(0)
    return this
  }

  done(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(this.#bytes)
  }

  #number(size: number, set: (view: DataView) => void): this {
    const bytes = new Uint8Array(size)
    set(new DataView(bytes.buffer))
    return this.bytes(bytes)
  }
}
