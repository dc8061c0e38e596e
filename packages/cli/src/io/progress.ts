import type { Io } from './io.ts'

/** A line that says how far the work is and that disappears when it is done. */
export interface Progress {
  /** Replaces the line; of many calls in quick succession most show nothing. */
  show(text: string): void
  /** Takes the line away. Call it before anything else is written to the terminal. */
  clear(): void
}

const INTERVAL_MS = 100
const CLEAR_LINE = '\r\x1b[2K'

/** Shows progress on standard error if that is a terminal, and nothing otherwise. */
export function createProgress({ stderr }: Io): Progress {
  if (!stderr.isTTY) return { show() {}, clear() {} }
  let visible = false
  let lastShown = Number.NEGATIVE_INFINITY
  return {
    show(text) {
      const now = performance.now()
      if (now - lastShown < INTERVAL_MS) return
      lastShown = now
      visible = true
      stderr.write(CLEAR_LINE + text)
    },
    clear() {
      if (visible) stderr.write(CLEAR_LINE)
      visible = false
      lastShown = Number.NEGATIVE_INFINITY
    },
  }
}
