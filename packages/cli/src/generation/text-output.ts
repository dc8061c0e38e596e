import type { Io } from '../io/io.ts'

/** Writes a text to standard output as it comes. */
export interface TextOutput {
  write(text: string): void
  /** Ends the last line, if it has begun. */
  end(): void
}

/**
 * @param before what to print before the first text comes
 * @param onStart called before anything is written
 */
export function createTextOutput({ stdout }: Io, before: string, onStart: () => void): TextOutput {
  let written = ''
  const write = (text: string) => {
    if (text === '') return
    stdout.write(text)
    written = text
  }
  return {
    write(text) {
      if (written === '') {
        onStart()
        write(before)
      }
      write(text)
    },
    end() {
      if (written !== '' && !written.endsWith('\n')) stdout.write('\n')
    },
  }
}
