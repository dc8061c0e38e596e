import { CheckpointError } from '@mamba/core'
import { blobSource, blobsSource } from './blobs.ts'
import { bytesSource } from './bytes.ts'
import { folderSource } from './folder.ts'
import type { HttpOptions } from './http.ts'
import type { Source } from './source.ts'
import { urlSource } from './url.ts'

/**
 * What a model can be loaded from: the path of a folder or file, an http(s) or `file:` URL of a folder or
 * file, a picked or dropped file or list of files, the bytes of one file, bytes by path, or a {@link Source}.
 */
export type SourceInput =
  | string
  | URL
  | Blob
  | readonly File[]
  | Uint8Array
  | ArrayBuffer
  | Readonly<Record<string, Uint8Array>>
  | Source

/**
 * Makes a source of whatever a model can be loaded from. One file stands for the folder that it lies in, and
 * is the source's `file`, so that what lies beside it (config.json, tokenizer.json) is found.
 * @throws CheckpointError if there is no such file or folder, or nothing can be read from such an input
 */
export async function openSource(input: SourceInput, options?: HttpOptions): Promise<Source> {
  if (typeof input === 'string') return openText(input, options)
  if (typeof input !== 'object' || input === null) {
    throw new CheckpointError(
      `a model cannot be loaded from ${String(input)}; expected a path, a URL, files or bytes`,
    )
  }
  if (input instanceof URL) return openUrl(input, options)
  if (input instanceof Blob) return blobSource(input)
  if (isList(input)) return blobsSource(input)
  if (input instanceof ArrayBuffer) return bytesSource({ checkpoint: new Uint8Array(input) }, 'checkpoint')
  if (input instanceof Uint8Array) return bytesSource({ checkpoint: input }, 'checkpoint')
  return isSource(input) ? input : bytesSource(input)
}

async function openText(input: string, options: HttpOptions | undefined): Promise<Source> {
  if (input === '')
    throw new CheckpointError('the path is empty; expected that of a folder or file, or a URL')
  // A scheme has two letters at least: C:/ is a drive.
  if (!/^[a-z][a-z0-9+.-]+:\/\//i.test(input)) return folderSource(input)
  if (!URL.canParse(input)) throw new CheckpointError(`${input}: is not a valid URL`)
  return openUrl(new URL(input), options)
}

async function openUrl(url: URL, options: HttpOptions | undefined): Promise<Source> {
  if (url.protocol === 'file:') return folderSource(url)
  if (url.protocol === 'http:' || url.protocol === 'https:') return urlSource(url, options)
  throw new CheckpointError(`${url.href}: cannot read "${url.protocol}"; expected http:, https: or file:`)
}

function isList(input: object): input is readonly File[] {
  return Array.isArray(input)
}

function isSource(input: object): input is Source {
  return 'open' in input && typeof input.open === 'function'
}
