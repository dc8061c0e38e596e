import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { DType } from '@mamba/core'
import { exportGguf, randomModel, type Source, type SourceInput } from '@mamba/models'
import { stories } from '@mamba/stories'

/** A model of the comparison. */
export interface BenchModel {
  /** As the command line and the results name it. */
  readonly name: string
  /** Rows of its embedding. */
  readonly vocabSize: number
  /**
   * Path of its GGUF file, which is written if there is none.
   * @returns undefined if what it is made of is not there
   */
  file(): Promise<string | undefined>
}

/** The story model before it was quantised, which does not come with the repository. */
const storiesFolder = fileURLToPath(new URL('../../../../shared/models/stories-mamba-13m', import.meta.url))
const folder = new URL('../.models/', import.meta.url)

/** The models of the comparison, small ones first. */
export const benchModels: readonly BenchModel[] = [
  story('f32'),
  story('f16'),
  { name: 'stories-13m q8_0', vocabSize: 4096, file: async () => fileURLToPath(stories()) },
  random('f16'),
  random('q8_0'),
  random('q4_0'),
]

function story(dtype: DType): BenchModel {
  const name = `stories-13m ${dtype}`
  const source = () => (existsSync(storiesFolder) ? storiesFolder : undefined)
  return { name, vocabSize: 4096, file: () => written(name, dtype, source()) }
}

function random(dtype: DType): BenchModel {
  const name = `mamba-130m ${dtype}`
  return {
    name,
    vocabSize: 50280,
    file: () => written(name, dtype, withTokenizer(randomModel('mamba-130m', { dtype }))),
  }
}

async function written(
  name: string,
  dtype: DType,
  source: SourceInput | undefined,
): Promise<string | undefined> {
  if (source === undefined) return undefined
  const path = fileURLToPath(new URL(`${name.replaceAll(' ', '-')}.gguf`, folder))
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true })
    // Under another name until it is whole.
    await writeFile(`${path}.part`, exportGguf(source, { dtype }))
    renameSync(`${path}.part`, path)
  }
  return path
}

/** A model of which each printable ASCII character is a token: wllama takes no ids, only text. */
function withTokenizer(source: Source): Source {
  const characters = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i))
  const tokenizer = {
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
    decoder: { type: 'ByteLevel' },
    model: { type: 'BPE', vocab: Object.fromEntries(characters.map((text, id) => [text, id])), merges: [] },
  }
  const bytes = new TextEncoder().encode(JSON.stringify(tokenizer))
  return {
    ...source,
    async open(path, signal) {
      if (path !== 'tokenizer.json') return source.open(path, signal)
      const read = async (offset: number, length: number) => bytes.subarray(offset, offset + length)
      return { name: path, size: bytes.byteLength, read, close: async () => {} }
    },
  }
}
