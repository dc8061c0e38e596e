import { CheckpointError, typedArrayOf } from '@mamba/core'
import { bytesFile, openSafetensors } from '../checkpoint/index.ts'

/** An f32 array of a safetensors file. */
export interface NamedArray {
  readonly name: string
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/** Makes a safetensors file of f32 arrays. The header is padded, so that the data begins at a multiple of 8. */
export function encodeSafetensors(
  arrays: readonly NamedArray[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  let end = 0
  const entries = arrays.map(({ name, shape, data }): [string, object] => {
    const begin = end
    end += data.byteLength
    return [name, { dtype: 'F32', shape, data_offsets: [begin, end] }]
  })
  const json = JSON.stringify(Object.fromEntries([['__metadata__', metadata], ...entries]))
  const unpadded = new TextEncoder().encode(json)
  const header = new Uint8Array(Math.ceil(unpadded.length / 8) * 8).fill(0x20)
  header.set(unpadded)

  const out = new Uint8Array(8 + header.length + end)
  new DataView(out.buffer).setBigUint64(0, BigInt(header.length), true)
  out.set(header, 8)
  let at = 8 + header.length
  for (const { data } of arrays) {
    out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at)
    at += data.byteLength
  }
  return out
}

/**
 * Reads a safetensors file of f32 arrays.
 * @param name what it is called in messages
 * @throws CheckpointError if it is damaged, or holds other dtypes
 */
export async function decodeSafetensors(
  bytes: Uint8Array,
  name: string,
): Promise<{
  metadata: Readonly<Record<string, string | undefined>>
  arrays: ReadonlyMap<string, NamedArray>
}> {
  const file = await openSafetensors(bytesFile(name, bytes))
  const arrays = new Map<string, NamedArray>()
  for (const tensor of file.names) {
    const { shape, dtype, storedType } = file.info(tensor)
    if (dtype !== 'f32') throw new CheckpointError(`${name}: tensor ${tensor} is ${storedType}; expected F32`)
    // A copy, because the bytes are the caller's.
    const data = typedArrayOf('f32', new Uint8Array(await file.read(tensor))) as Float32Array
    arrays.set(tensor, { name: tensor, shape, data })
  }
  return { metadata: file.metadata as Record<string, string>, arrays }
}
