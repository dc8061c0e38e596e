import { constants } from 'node:fs'
import { access, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { ConfigError } from '@mamba/core'

/**
 * Reads a file that the user named.
 * @param argument what named it, for the message: `--state-in`
 * @throws ConfigError if it cannot be read
 */
export async function readNamedFile(argument: string, path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (cause) {
    throw new ConfigError(`${argument}: cannot read ${path} (${reasonOf(cause)})`, { cause })
  }
}

/**
 * Finds out before the work whether its result can be written.
 * @throws ConfigError if the file's folder is missing or read-only
 */
export async function expectWritable(argument: string, path: string): Promise<void> {
  try {
    await access(dirname(path), constants.W_OK)
  } catch (cause) {
    throw new ConfigError(`${argument}: cannot write into ${dirname(path)} (${reasonOf(cause)})`, { cause })
  }
}

/**
 * Writes a file that the user named: whole or not at all, whatever happens meanwhile.
 * @throws ConfigError if it cannot be written; a file that was there is then unchanged
 */
export async function writeNamedFile(argument: string, path: string, bytes: Uint8Array): Promise<void> {
  // In the same folder, because only within a file system a rename is atomic.
  const unfinished = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`)
  try {
    await writeFile(unfinished, bytes)
    await rename(unfinished, path)
  } catch (cause) {
    await rm(unfinished, { force: true })
    throw new ConfigError(`${argument}: cannot write ${path} (${reasonOf(cause)})`, { cause })
  }
}

/** `no such file or directory` of `ENOENT: no such file or directory, open 'x'`. */
function reasonOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause)
  return /^E[A-Z0-9]+: (.*?),/.exec(message)?.[1] ?? message
}
