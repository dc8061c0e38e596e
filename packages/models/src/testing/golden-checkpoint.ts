import { readFile } from 'node:fs/promises'
import { typedArrayOf } from '@mamba/core'
import { fixturePath } from '@mamba/testing'
import { bytesFile, openSafetensors } from '../checkpoint/index.ts'
import {
  encodeArrays,
  modelFiles,
  readFixture,
  type StoredArray,
  type TestCheckpoint,
} from './memory-checkpoint.ts'

/** A checkpoint and what the reference computed with it, for tests that change either. */
export interface GoldenCheckpoint {
  readonly checkpoint: TestCheckpoint
  readonly expected: Readonly<Record<string, StoredArray>>
}

/** A folder of `fixtures`, with its expectations. */
export async function readGoldenFixture(name: string): Promise<GoldenCheckpoint> {
  const bytes = await readFile(fixturePath(name, 'expected.safetensors'))
  const file = await openSafetensors(bytesFile('expected.safetensors', bytes))
  const expected: Record<string, StoredArray> = {}
  for (const array of file.names) {
    const { shape, dtype, storedType } = file.info(array)
    const data = typedArrayOf(dtype!, new Uint8Array(await file.read(array)))
    expected[array] = { dtype: storedType, shape, data }
  }
  return { checkpoint: await readFixture(name), expected }
}

/** The files that `verifyCheckpoint` takes. */
export function goldenFiles({ checkpoint, expected }: GoldenCheckpoint): Record<string, Uint8Array> {
  return { ...modelFiles(checkpoint), 'expected.safetensors': encodeArrays(expected) }
}
