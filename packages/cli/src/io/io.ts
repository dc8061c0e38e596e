import type { Readable, Writable } from 'node:stream'

interface MayBeTerminal {
  readonly isTTY?: boolean
}

/** What a run of the command line reads and writes: the process's streams, or a test's. */
export interface Io {
  readonly stdin: Readable & MayBeTerminal
  readonly stdout: Writable & MayBeTerminal
  readonly stderr: Writable & MayBeTerminal
  /**
   * Calls `listener` on Ctrl-C.
   * @returns a function that ends that
   */
  onInterrupt(listener: () => void): () => void
}
