import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A new folder that is gone when its block ends. */
export function temporaryFolder(): Disposable & { readonly path: string; at(name: string): string } {
  const path = mkdtempSync(join(tmpdir(), 'mamba-cli-'))
  return {
    path,
    at: (name) => join(path, name),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  }
}
