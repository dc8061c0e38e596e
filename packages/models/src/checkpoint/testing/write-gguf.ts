import { ByteWriter } from './byte-writer.ts'

/** A value of a GGUF file: its type number, and what writes it. */
export interface GgufTestValue {
  readonly type: number
  readonly write: (writer: ByteWriter) => unknown
}

/** A tensor of a GGUF file. */
export interface GgufTestTensor {
  readonly name: string
  /** Fastest axis first. */
  readonly axes: readonly (number | bigint)[]
  readonly type: number
  readonly data: Uint8Array
  /** From the start of the data; after the tensor before it by default. */
  readonly offset?: number
}

/** Parts of a GGUF file, right or wrong. */
export interface GgufTestFile {
  readonly version?: number
  readonly alignment?: number
  readonly pairs?: readonly (readonly [key: string, value: GgufTestValue])[]
  readonly tensors?: readonly GgufTestTensor[]
  /** What the header claims instead of the number of tensors. */
  readonly tensorCount?: number | bigint
  /** What the header claims instead of the number of pairs. */
  readonly pairCount?: number | bigint
}

/** A u32. */
export function u32(value: number): GgufTestValue {
  return { type: 4, write: (writer) => writer.u32(value) }
}

/** A string. */
export function string(value: string): GgufTestValue {
  return { type: 8, write: (writer) => writeString(writer, value) }
}

/** An array of values, which should be of one type. */
export function array(type: number, items: readonly GgufTestValue[], count = items.length): GgufTestValue {
  return {
    type: 9,
    write(writer) {
      writer.u32(type).u64(count)
      for (const item of items) item.write(writer)
    },
  }
}

/** A GGUF file. */
export function writeGguf({
  version = 3,
  alignment = 32,
  pairs = [],
  tensors = [],
  tensorCount = tensors.length,
  pairCount = pairs.length,
}: GgufTestFile): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().text('GGUF').u32(version).u64(tensorCount).u64(pairCount)
  for (const [key, value] of pairs) {
    writeString(writer, key)
    writer.u32(value.type)
    value.write(writer)
  }
  const data = new ByteWriter()
  for (const tensor of tensors) {
    writeString(writer, tensor.name)
    writer.u32(tensor.axes.length)
    for (const size of tensor.axes) writer.u64(size)
    writer.u32(tensor.type).u64(tensor.offset ?? data.length)
    data.bytes(tensor.data).pad(alignment)
  }
  return writer.pad(alignment).bytes(data.done()).done()
}

function writeString(writer: ByteWriter, value: string): void {
  const bytes = new TextEncoder().encode(value)
  writer.u64(bytes.length).bytes(bytes)
}
