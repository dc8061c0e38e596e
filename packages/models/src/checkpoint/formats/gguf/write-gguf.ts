import { byteLength, CheckpointError, type DType } from '@mamba/core'
import { ByteWriter, paddingTo } from '../../byte-writer.ts'
import { quote } from '../../text.ts'
import { GGML_TYPES } from './types.ts'

/** A value of a key, under the name of its type; the last two are arrays. */
export type GgufValue =
  | { readonly u32: number }
  | { readonly f32: number }
  | { readonly bool: boolean }
  | { readonly string: string }
  | { readonly strings: readonly string[] }
  | { readonly i32s: readonly number[] }

/** A tensor that is written to a GGUF file. */
export interface GgufTensor {
  readonly name: string
  /** Outermost axis first; the file has the opposite order. */
  readonly shape: readonly number[]
  readonly dtype: DType
  /** Its elements, dense, row-major, little-endian. Called when its turn comes, once. */
  read(signal?: AbortSignal): Promise<Uint8Array>
}

/** What a GGUF file holds. */
export interface GgufContent {
  readonly metadata: Readonly<Record<string, GgufValue>>
  readonly tensors: readonly GgufTensor[]
}

const version = 3
/** The default, which the file need not state. */
const alignment = 32
const utf8 = new TextEncoder()

/** Numbers of the types of values (gguf.h, `enum gguf_type`). */
const valueTypes = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9 } as const

/**
 * Writes a GGUF file, version 3: the header in one piece, then tensor after tensor, so that no more than one of them is
 * in memory.
 * @throws CheckpointError if a tensor has other bytes than its shape and dtype need; the signal's reason if aborted
 */
export async function* writeGguf(
  { metadata, tensors }: GgufContent,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  yield header(metadata, tensors)
  for (const tensor of tensors) {
    signal?.throwIfAborted()
    const { name, shape, dtype } = tensor
    const bytes = await tensor.read(signal)
    const expected = byteLength(dtype, shape)
    if (bytes.byteLength !== expected) {
      throw new CheckpointError(
        `writeGguf: tensor ${quote(name)} has ${bytes.byteLength} bytes; expected ${expected} for ${dtype} [${shape}]`,
      )
    }
    yield bytes
    const padding = paddingTo(alignment, expected)
    if (padding > 0) yield new Uint8Array(padding)
  }
}

function header(metadata: GgufContent['metadata'], tensors: readonly GgufTensor[]): Uint8Array {
  const pairs = Object.entries(metadata)
  const writer = new ByteWriter()
    .bytes(utf8.encode('GGUF'))
    .u32(version)
    .u64(tensors.length)
    .u64(pairs.length)
  for (const [key, value] of pairs) {
    writeString(writer, key)
    writeValue(writer, value)
  }
  let offset = 0
  for (const { name, shape, dtype } of tensors) {
    writeString(writer, name)
    writer.u32(shape.length)
    for (const size of shape.toReversed()) writer.u64(size)
    writer.u32(ggmlType(dtype)).u64(offset)
    const bytes = byteLength(dtype, shape)
    offset += bytes + paddingTo(alignment, bytes)
  }
  return writer.pad(alignment).done()
}

function writeValue(writer: ByteWriter, value: GgufValue): void {
  if ('u32' in value) writer.u32(valueTypes.u32).u32(value.u32)
  else if ('f32' in value) writer.u32(valueTypes.f32).f32(value.f32)
  else if ('bool' in value) writer.u32(valueTypes.bool).u8(value.bool ? 1 : 0)
  else if ('string' in value) writeString(writer.u32(valueTypes.string), value.string)
  else if ('strings' in value) {
    writer.u32(valueTypes.array).u32(valueTypes.string).u64(value.strings.length)
    for (const item of value.strings) writeString(writer, item)
  } else {
    writer.u32(valueTypes.array).u32(valueTypes.i32).u64(value.i32s.length)
    for (const item of value.i32s) writer.i32(item)
  }
}

function writeString(writer: ByteWriter, value: string): void {
  const bytes = utf8.encode(value)
  writer.u64(bytes.byteLength).bytes(bytes)
}

/** The number of a type, from the table that files are read by. */
function ggmlType(dtype: DType): number {
  for (const [number, type] of GGML_TYPES) {
    if (type.dtype === dtype) return number
  }
  throw new CheckpointError(`writeGguf: GGUF has no type for ${dtype}`)
}
