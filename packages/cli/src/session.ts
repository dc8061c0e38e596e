import type { Io } from './io/io.ts'
import type { Progress } from './io/progress.ts'

/** One run of the command line, as its commands see it. */
export interface Session {
  readonly io: Io
  readonly progress: Progress
  /** Aborted by Ctrl-C, and when standard output cannot be written any more. Commands let its reason through. */
  readonly signal: AbortSignal
  /** Of the run, if nothing is thrown: 0, unless a command found out something that its caller should know. */
  exitStatus: number
}
