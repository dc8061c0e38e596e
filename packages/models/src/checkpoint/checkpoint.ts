import { CheckpointError, type DType } from '@mamba/core'
import { quote } from './text.ts'

/** The formats that are read; `memory`: in no file, but made when they are read. */
export type CheckpointFormat = 'safetensors' | 'torch' | 'gguf' | 'memory'

/** A value that a checkpoint states about itself. Integers beyond 2^53 are bigint. */
export type MetadataValue = string | number | bigint | boolean | readonly MetadataValue[]

/** What a checkpoint says about one tensor. */
export interface TensorInfo {
  readonly name: string
  /** Sizes of the axes, outermost first (row-major); GGUF's order is reversed to this one. */
  readonly shape: readonly number[]
  /** Undefined if the tensor is stored in a way that cannot be computed with. */
  readonly dtype: DType | undefined
  /** How the file spells its element type: `BF16`, `HalfStorage`, `Q8_0`. */
  readonly storedType: string
  /** Bytes that {@link Checkpoint.read} gives. */
  readonly byteLength: number
  /** Name of the file that holds it, for messages. */
  readonly file: string
}

/** Named tensors in one file or several, read one at a time. */
export interface Checkpoint {
  readonly format: CheckpointFormat
  /** Path or URL of the file, or of the index of several, for messages. */
  readonly name: string
  /** `__metadata__` of safetensors, key values of GGUF; empty for torch. */
  readonly metadata: Readonly<Record<string, MetadataValue>>
  readonly names: readonly string[]
  /** @throws CheckpointError if there is no such tensor */
  info(name: string): TensorInfo
  /**
   * Reads a tensor.
   * @returns its elements, dense, row-major, little-endian; do not write to them
   * @throws CheckpointError if there is no such tensor, its dtype is undefined, or its file cannot be read; the
   * signal's reason if aborted
   */
  read(name: string, signal?: AbortSignal): Promise<Uint8Array>
  /** Closes the files. */
  close(): Promise<void>
}

/** What a format finds out about a file, or an index about several. */
export interface CheckpointTable {
  readonly format: CheckpointFormat
  readonly metadata: Checkpoint['metadata']
  readonly tensors: ReadonlyMap<string, TensorInfo>
  /** Reads the bytes of a tensor of the table whose dtype is defined. */
  readonly read: (name: string, signal: AbortSignal | undefined) => Promise<Uint8Array>
}

/**
 * Makes a checkpoint from a table of tensors.
 * @param owner names the checkpoint, and is closed with it
 */
export function tableCheckpoint(
  owner: Pick<Checkpoint, 'name' | 'close'>,
  table: CheckpointTable,
): Checkpoint {
  const { format, metadata, tensors } = table
  const info = (name: string): TensorInfo => {
    const found = tensors.get(name)
    if (found) return found
    throw new CheckpointError(`${owner.name}: there is no tensor ${quote(name)} among its ${tensors.size}`)
  }
  return {
    format,
    name: owner.name,
    metadata,
    names: [...tensors.keys()],
    info,
    async read(name, signal) {
      const { dtype, storedType, file } = info(name)
      if (dtype) return table.read(name, signal)
      throw new CheckpointError(
        `${file}: tensor ${quote(name)} is stored as ${storedType}, which cannot be computed with; ` +
          'convert the checkpoint to float32, float16 or bfloat16',
      )
    },
    close: () => owner.close(),
  }
}
