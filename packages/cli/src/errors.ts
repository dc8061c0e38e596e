import { MambaError } from '@mamba/core'
import { CommanderError } from 'commander'
import { printable } from './io/text.ts'

/**
 * An error as one line.
 * @returns undefined if it only ends the run, as `--help` does
 */
export function describeError(error: unknown): string | undefined {
  if (error instanceof CommanderError) return describeUsageError(error)
  const message = printable(error instanceof Error ? error.message : String(error))
  if (MambaError.is(error) || isSystemError(error)) return message
  return `${message} (this is a bug; run again with --debug and report what it prints)`
}

function describeUsageError({ code, message }: CommanderError): string | undefined {
  if (['commander.help', 'commander.helpDisplayed', 'commander.version'].includes(code)) return undefined
  const line = message
    .replace(/^error: /, '')
    .replace(/\.?$/, '')
    .replace(/\n/g, ' ')
  return `${printable(line)}; see mamba --help`
}

/** Whether the operating system refused something, such as writing to a full disk. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error
}
