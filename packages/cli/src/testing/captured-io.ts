import { Readable, Writable } from 'node:stream'
import { run } from '../cli.ts'
import type { Io } from '../io/io.ts'

interface CapturedOptions {
  /** What standard input holds. Default: nothing, at a terminal. */
  readonly stdin?: string | undefined
  /** Whether standard output and error are a terminal. Default false. */
  readonly isTTY?: boolean
  /** Called with everything that is written to standard output. */
  readonly onOutput?: (text: string, io: CapturedIo) => void
  /** Called with everything that is written to standard error. */
  readonly onMessage?: (text: string, io: CapturedIo) => void
}

/** Streams that remember what was written to them. */
export interface CapturedIo extends Io {
  /** What was written to standard output. */
  readonly output: () => string
  /** What was written to standard error. */
  readonly messages: () => string
  /** Presses Ctrl-C. */
  readonly interrupt: () => void
}

/** Makes an {@link Io} for a test. */
export function capturedIo({ stdin, isTTY = false, onOutput, onMessage }: CapturedOptions = {}): CapturedIo {
  const listeners = new Set<() => void>()
  const stdout = memory((text) => onOutput?.(text, io))
  const stderr = memory((text) => onMessage?.(text, io))
  const io: CapturedIo = {
    stdin: Object.assign(Readable.from(stdin === undefined ? [] : [stdin]), { isTTY: stdin === undefined }),
    stdout: Object.assign(stdout.stream, { isTTY }),
    stderr: Object.assign(stderr.stream, { isTTY }),
    onInterrupt(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    output: stdout.written,
    messages: stderr.written,
    interrupt: () => {
      for (const listener of listeners) listener()
    },
  }
  return io
}

/** Runs the command line. */
export async function runCaptured(
  args: readonly string[],
  options?: CapturedOptions,
): Promise<{ readonly status: number; readonly output: string; readonly messages: string }> {
  const io = capturedIo(options)
  const status = await run(args, io)
  return { status, output: io.output(), messages: io.messages() }
}

function memory(onWrite: (text: string) => void) {
  let all = ''
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      all += chunk
      onWrite(String(chunk))
      done()
    },
  })
  return { stream, written: () => all }
}
