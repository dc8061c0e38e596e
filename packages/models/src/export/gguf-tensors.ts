import {
  CheckpointError,
  type DType,
  elementCount,
  fromFloat32,
  type TypedArray,
  toFloat32,
  typedArrayOf,
  weightDTypes,
} from '@mamba/core'
import { ggufName } from '../architectures/gguf-names.ts'
import type { GgufTensor } from '../checkpoint/formats/gguf/write-gguf.ts'
import { type Checkpoint, quote, type TensorInfo } from '../checkpoint/index.ts'
import { isMatrix, storedDType } from '../weights/stored-dtype.ts'

/** How tensors are converted. */
interface TensorConversion {
  /** Of the matrices; undefined: as they are stored. */
  readonly dtype: DType | undefined
  /** Whether the output head is the embedding, which is then not written again. */
  readonly tiedEmbeddings: boolean
  /** Groups of Mamba-2's norm; undefined for Mamba-1. */
  readonly nGroups: number | undefined
}

/**
 * The tensors of a GGUF file as llama.cpp's converter makes them: the convolution's kernel loses its middle axis, A is
 * −exp(A_log), Mamba-2's A and D get a second axis of size 1 and its norm one for the groups.
 * @throws CheckpointError if a tensor is not of these architectures, or its elements are no real numbers
 */
export function ggufTensors(checkpoint: Checkpoint, conversion: TensorConversion): GgufTensor[] {
  const names = checkpoint.names.filter((name) => !(conversion.tiedEmbeddings && name === 'lm_head.weight'))
  return names.map((original) => {
    const info = checkpoint.info(original)
    const name = ggufName(original)
    if (name === undefined) {
      throw new CheckpointError(`${checkpoint.name}: tensor ${quote(original)} has no name in GGUF`)
    }
    const stored = storedAs(info)
    const dtype = storedDType(original, info.shape, conversion.dtype ?? stored)
    return {
      name,
      shape: ggufShape(original, info.shape, conversion.nGroups),
      dtype,
      async read(signal) {
        const bytes = await checkpoint.read(original, signal)
        const isLogarithm = original.endsWith('.A_log')
        if (dtype === stored && !isLogarithm) return bytes
        const values = toFloat32(stored, typedArrayOf(stored, bytes), elementCount(info.shape))
        return bytesOf(fromFloat32(dtype, isLogarithm ? values.map((x) => -Math.exp(x)) : values))
      },
    }
  })
}

/** The dtype that most weights have: that of the embedding. */
export function mainDType(checkpoint: Checkpoint, dtype: DType | undefined): DType {
  const matrices = checkpoint.names.filter(isMatrix).map((name) => checkpoint.info(name))
  const largest = matrices.reduce((a, b) => (b.byteLength > a.byteLength ? b : a))
  return storedDType(largest.name, largest.shape, dtype ?? storedAs(largest))
}

function storedAs({ dtype, storedType, name, file }: TensorInfo): DType {
  if (dtype && weightDTypes.includes(dtype)) return dtype
  throw new CheckpointError(
    `${file}: tensor ${quote(name)} is ${storedType}; expected one of ${weightDTypes.join(', ')}`,
  )
}

function ggufShape(name: string, shape: readonly number[], nGroups: number | undefined): readonly number[] {
  if (name.endsWith('.conv1d.weight')) return [shape[0]!, shape.at(-1)!]
  if (nGroups === undefined) return shape
  if (name.endsWith('.A_log') || name.endsWith('.D')) return [shape[0]!, 1]
  if (name.endsWith('.mixer.norm.weight')) return [nGroups, shape[0]! / nGroups]
  return shape
}

function bytesOf(data: TypedArray): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}
