import { inspect } from 'node:util'
import { Command, CommanderError } from 'commander'
import { addBenchCommand } from './commands/bench.ts'
import { addDoctorCommand } from './commands/doctor.ts'
import { addEvalCommand } from './commands/eval.ts'
import { addGenerateCommand } from './commands/generate.ts'
import { addInspectCommand } from './commands/inspect.ts'
import { addVerifyCommand } from './commands/verify.ts'
import { describeError } from './errors.ts'
import type { Io } from './io/io.ts'
import { createProgress } from './io/progress.ts'
import type { Session } from './session.ts'
import { version } from './version.ts'

// As a shell reports a process that SIGINT ended: 128 + 2.
const INTERRUPTED_STATUS = 130

/**
 * Runs the command line.
 * @param args without the program: `['generate', 'Once upon a time']`
 * @returns the exit status: 0, 1 if something is wrong or does not hold, 130 after Ctrl-C. Errors are reported on
 * standard error and not thrown.
 */
export async function run(args: readonly string[], io: Io): Promise<number> {
  const stop = new AbortController()
  const interrupted = new Error('interrupted')
  const unread = new Error('nobody reads standard output any more')
  io.stdout.on('error', (error: NodeJS.ErrnoException) => stop.abort(error.code === 'EPIPE' ? unread : error))
  // With nobody there to read them, messages are lost; that is no reason to fail.
  io.stderr.on('error', () => {})
  const stopListening = io.onInterrupt(() => stop.abort(interrupted))
  const session: Session = { io, progress: createProgress(io), signal: stop.signal, exitStatus: 0 }
  try {
    await createProgram(session).parseAsync(args, { from: 'user' })
    return session.exitStatus
  } catch (error) {
    session.progress.clear()
    if (error === interrupted) return INTERRUPTED_STATUS
    if (error === unread) return 0
    const message = describeError(error)
    if (message !== undefined) io.stderr.write(`mamba: ${message}\n`)
    if (args.includes('--debug')) io.stderr.write(`${inspect(error)}\n`)
    return error instanceof CommanderError ? error.exitCode : 1
  } finally {
    stopListening()
  }
}

function createProgram(session: Session): Command {
  const { stdout, stderr } = session.io
  const program = new Command('mamba')
    .description('Run state-space models of the Mamba family and check them against their references.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help, also for a command')
    .option('--debug', 'print the stack of an error too')
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      // What is wrong is reported in one place, by `run`.
      outputError: () => {},
    })
    .addHelpText('after', '\nStart with:  mamba generate "Once upon a time"')
  addGenerateCommand(program, session)
  addVerifyCommand(program, session)
  addEvalCommand(program, session)
  addInspectCommand(program, session)
  addBenchCommand(program, session)
  addDoctorCommand(program, session)
  return program
}
