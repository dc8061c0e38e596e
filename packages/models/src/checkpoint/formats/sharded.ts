import { CheckpointError } from '@mamba/core'
import { type Checkpoint, tableCheckpoint } from '../checkpoint.ts'
import { isJsonObject, type JsonValue, parseJson } from '../json.ts'
import { isSafePath, pathIn, type Source } from '../sources/source.ts'
import { quote, readText } from '../text.ts'
import { openFile } from './open-file.ts'

/**
 * Opens a checkpoint in several files through its index, `{ metadata, weight_map: { tensor: file } }`. Where a
 * file holds tensors that the index does not assign to it, the index decides.
 * @returns undefined if there is no such index
 * @throws CheckpointError if the index is damaged, names a file outside the source, a file that is missing, or a
 * tensor that is not in its file
 */
export async function openSharded(
  source: Source,
  path: string,
  signal?: AbortSignal,
): Promise<Checkpoint | undefined> {
  const text = await readText(source, path, signal)
  if (text === undefined) return undefined
  const name = pathIn(source, path)
  const fileOf = parseIndex(text, name)
  const shards = new Map<string, Checkpoint>()
  const close = async () => {
    for (const shard of shards.values()) await shard.close()
  }
  try {
    for (const file of new Set(fileOf.values())) {
      const shard = await openFile(source, file, signal)
      if (!shard) throw new CheckpointError(`${name}: the file ${quote(file)}, which it names, is missing`)
      shards.set(file, shard)
    }
    const shardOf = assign(name, fileOf, shards)
    const { format, metadata } = [...shards.values()][0]!
    return tableCheckpoint(
      { name, close },
      {
        format,
        metadata,
        tensors: new Map([...shardOf].map(([tensor, shard]) => [tensor, shard.info(tensor)])),
        read: (tensor, signal) => shardOf.get(tensor)!.read(tensor, signal),
      },
    )
  } catch (error) {
    await close()
    throw error
  }
}

/** The file of each tensor. */
function parseIndex(text: string, name: string): Map<string, string> {
  const fail = (problem: string) => new CheckpointError(`${name}: ${problem}`)
  const index = parseJson(text, { fail })
  const weightMap: JsonValue | undefined = isJsonObject(index) ? index.weight_map : undefined
  if (!isJsonObject(weightMap)) throw fail('weight_map is not an object of tensor names and file names')
  const fileOf = new Map<string, string>()
  for (const [tensor, file] of Object.entries(weightMap)) {
    if (typeof file !== 'string' || !isSafePath(file)) {
      throw fail(`tensor ${quote(tensor)} is in ${quote(file)}; expected the name of a file beside the index`)
    }
    fileOf.set(tensor, file)
  }
  if (fileOf.size === 0) throw fail('weight_map is empty; expected at least one tensor')
  return fileOf
}

/** The tensors that the index assigns, each with the shard that holds it. */
function assign(name: string, fileOf: ReadonlyMap<string, string>, shards: ReadonlyMap<string, Checkpoint>) {
  const shardOf = new Map<string, Checkpoint>()
  for (const [file, shard] of shards) {
    for (const tensor of shard.names) {
      if (fileOf.get(tensor) === file) shardOf.set(tensor, shard)
    }
  }
  for (const [tensor, file] of fileOf) {
    if (shardOf.has(tensor)) continue
    throw new CheckpointError(
      `${name}: tensor ${quote(tensor)} is not in ${quote(file)}, where the index has it`,
    )
  }
  return shardOf
}
