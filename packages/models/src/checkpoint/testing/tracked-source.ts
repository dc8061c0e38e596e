import { bytesSource } from '../sources/bytes.ts'
import type { Source } from '../sources/source.ts'

/** A source over bytes that knows what is open and what was read. */
export interface TrackedSource extends Source {
  /** Files that were opened and not closed. */
  openFiles(): number
  /** Length of each read, in order. */
  readonly reads: readonly number[]
}

/** A source over bytes that counts. */
export function trackedSource(files: Readonly<Record<string, Uint8Array>>, file?: string): TrackedSource {
  const source = bytesSource(files, file)
  const reads: number[] = []
  let open = 0
  return {
    ...source,
    reads,
    openFiles: () => open,
    async open(path, signal) {
      const inner = await source.open(path, signal)
      if (!inner) return undefined
      open++
      return {
        ...inner,
        read(offset, length, signal) {
          reads.push(length)
          return inner.read(offset, length, signal)
        },
        async close() {
          open--
          await inner.close()
        },
      }
    },
  }
}
