/// <reference types="node" />
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * A file or folder of this repository's `fixtures` folder.
 * @param parts path inside it, for example 'mamba2', 'config.json'
 * @returns the absolute path; nothing is checked
 */
export function fixturePath(...parts: string[]): string {
  return join(repositoryRoot(), 'fixtures', ...parts)
}

/**
 * A file or folder beside the repository that is too large to be part of it: `../shared/…`.
 * Tests skip visibly without it: `test.skipIf(folder === undefined)`.
 * @param parts path inside it, for example 'models', 'stories-mamba-13m'
 * @returns the absolute path; undefined when it is absent
 */
export function sharedPath(...parts: string[]): string | undefined {
  const path = join(repositoryRoot(), '..', 'shared', ...parts)
  return existsSync(path) ? path : undefined
}

/** The folder of pnpm-workspace.yaml, found upwards from this file: it works from src and from dist. */
function repositoryRoot(): string {
  const here = dirname(fileURLToPath(import.meta.url))
  for (let folder = here; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'pnpm-workspace.yaml'))) {
      return folder
    }
  }
  throw new Error(`${here} is not inside a workspace: no pnpm-workspace.yaml in any folder above it`)
}
