import { CheckpointError, typedArrayOf } from '@mamba/core'
import {
  type Checkpoint,
  openSafetensors,
  openSource,
  type RandomAccessFile,
  type SourceInput,
} from '../checkpoint/index.ts'

const fileName = 'expected.safetensors'

/** What a reference implementation computed with a checkpoint. */
export interface Expected {
  readonly names: readonly string[]
  /** Sizes of an array; undefined if there is no such array. */
  shape(name: string): readonly number[] | undefined
  /** @throws CheckpointError if there is no such array, or it is not f32 */
  floats(name: string): Promise<Float32Array>
  /** @throws CheckpointError if there is no such array, or it is not i32 */
  ids(name: string): Promise<Int32Array>
  close(): Promise<void>
}

/** Opens `expected.safetensors` of a source. @throws CheckpointError if there is none or it is damaged */
export async function openExpected(input: SourceInput, signal?: AbortSignal): Promise<Expected> {
  const source = await openSource(input)
  let file: RandomAccessFile | undefined
  try {
    file = await source.open(fileName, signal)
    if (!file) {
      throw new CheckpointError(
        `${source.name}: there is no ${fileName}, which holds what the reference computed`,
      )
    }
    const arrays = await openSafetensors(file, signal)
    return expectedOf(arrays, async () => {
      await arrays.close()
      await source.close()
    })
  } catch (error) {
    await file?.close()
    await source.close()
    throw error
  }
}

function expectedOf(arrays: Checkpoint, close: () => Promise<void>): Expected {
  const read = async (name: string, dtype: 'f32' | 'i32') => {
    const info = arrays.info(name)
    if (info.dtype !== dtype) {
      throw new CheckpointError(
        `${info.file}: ${name} is ${info.storedType}; expected ${dtype.toUpperCase()}`,
      )
    }
    return typedArrayOf(dtype, await arrays.read(name))
  }
  return {
    names: arrays.names,
    shape: (name) => (arrays.names.includes(name) ? arrays.info(name).shape : undefined),
    floats: async (name) => (await read(name, 'f32')) as Float32Array,
    ids: async (name) => (await read(name, 'i32')) as Int32Array,
    close,
  }
}
