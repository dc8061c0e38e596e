import { readFile } from 'node:fs/promises'
import { type DType, fromFloat32, type TypedArray, toFloat32, typedArrayOf } from '@mamba/core'
import { fixturePath } from '@mamba/testing'
import { openCheckpoint, openSource } from '../checkpoint/index.ts'
import { writeSafetensors } from '../checkpoint/testing/write-safetensors.ts'

/** A tensor of a checkpoint that a test makes or changes. */
export interface TestTensor {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/** A checkpoint in memory. */
export interface TestCheckpoint {
  readonly config: Readonly<Record<string, unknown>>
  readonly tensors: Readonly<Record<string, TestTensor>>
}

/** The configuration and the weights of a folder of `fixtures`. */
export async function readFixture(name: string): Promise<TestCheckpoint> {
  const config = JSON.parse(await readFile(fixturePath(name, 'config.json'), 'utf8'))
  const checkpoint = await openCheckpoint(await openSource(fixturePath(name)))
  const tensors: Record<string, TestTensor> = {}
  for (const tensor of checkpoint.names) {
    const { shape, dtype } = checkpoint.info(tensor)
    const stored = typedArrayOf(dtype!, new Uint8Array(await checkpoint.read(tensor)))
    tensors[tensor] = { shape, data: toFloat32(dtype!, stored, stored.length) }
  }
  await checkpoint.close()
  return { config, tensors }
}

/** A copy of a tensor with the element at `index` changed. */
export function changed(
  { shape, data }: TestTensor,
  index: number,
  change: (x: number) => number,
): TestTensor {
  const copy = data.slice()
  copy[index] = change(copy[index]!)
  return { shape, data: copy }
}

/** The same tensors, renamed; those that get no name are left out. */
export function renamed(
  tensors: TestCheckpoint['tensors'],
  rename: (name: string) => string | undefined,
): Record<string, TestTensor> {
  return Object.fromEntries(
    Object.entries(tensors).flatMap(([name, tensor]) => {
      const next = rename(name)
      return next === undefined ? [] : [[next, tensor]]
    }),
  )
}

/** The files that `loadModel` takes: `config.json`, and all tensors in one safetensors file. */
export function modelFiles(
  { config, tensors }: TestCheckpoint,
  dtype: 'f32' | 'f16' | 'bf16' = 'f32',
): Record<string, Uint8Array> {
  return {
    'config.json': new TextEncoder().encode(JSON.stringify(config)),
    'model.safetensors': encodeWeights(tensors, dtype),
  }
}

/** A safetensors file of tensors, each rounded to a dtype. */
export function encodeWeights(
  tensors: TestCheckpoint['tensors'],
  dtype: DType = 'f32',
): Uint8Array<ArrayBuffer> {
  const stored = Object.entries(tensors).map(([name, { shape, data }]): [string, StoredArray] => [
    name,
    { dtype: dtype.toUpperCase(), shape, data: fromFloat32(dtype, data) },
  ])
  return encodeArrays(Object.fromEntries(stored))
}

/** An array as a safetensors file stores it. */
export interface StoredArray {
  /** As the file spells it: `F32`, `I32`. */
  readonly dtype: string
  readonly shape: readonly number[]
  readonly data: TypedArray
}

/** A safetensors file of arrays. */
export function encodeArrays(arrays: Readonly<Record<string, StoredArray>>): Uint8Array<ArrayBuffer> {
  const header: Record<string, object> = {}
  const parts: Uint8Array[] = []
  let end = 0
  for (const [name, { dtype, shape, data }] of Object.entries(arrays)) {
    header[name] = { dtype, shape, data_offsets: [end, end + data.byteLength] }
    parts.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    end += data.byteLength
  }
  return writeSafetensors(header, new Uint8Array(Buffer.concat(parts)))
}

/** The elements that a file in this dtype stands for. */
export function rounded(tensors: TestCheckpoint['tensors'], dtype: DType): Record<string, TestTensor> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { shape, data }]) => [
      name,
      { shape, data: toFloat32(dtype, fromFloat32(dtype, data), data.length) },
    ]),
  )
}
