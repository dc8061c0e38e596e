import { type Check, verifyCheckpoint } from '@mamba/models/verify'
import type { Command } from 'commander'
import { type BackendChoice, startBackend } from '../backends.ts'
import { printable } from '../io/text.ts'
import { addBackendOptions } from '../model.ts'
import type { Session } from '../session.ts'

interface VerifyFlags extends BackendChoice {
  readonly heldOut?: boolean
  readonly json?: boolean
}

const help = `
Each line: the verdict, what was compared, how far apart the values are, and the most that they may be. Exit status 0
means that all checks hold.

Examples:
  mamba verify fixtures/mamba2
  mamba verify ./my-checkpoint --json
`

/** Adds `mamba verify`. */
export function addVerifyCommand(program: Command, session: Session): void {
  const command = program
    .command('verify')
    .summary('check a checkpoint against its reference')
    .description(
      'Runs a checkpoint against what a reference implementation computed with it (expected.safetensors in the same ' +
        'folder), and against itself: in one pass, in chunks, token by token, from a saved state.',
    )
    .argument('<folder>', 'of the checkpoint')
  addBackendOptions(command)
    .option('--held-out', 'also the held-out text of the reference, where it has one: slow')
    .option('--json', 'print one JSON object: ok, checks')
    .addHelpText('after', help)
    .action((folder: string, flags: VerifyFlags) => verify(folder, flags, session))
}

async function verify(folder: string, flags: VerifyFlags, session: Session): Promise<void> {
  const { io, progress, signal } = session
  const { json, heldOut } = flags
  const showWork = () => progress.show(`verifying ${folder}`)
  const { backend } = await startBackend(flags, io.stderr)
  showWork()
  try {
    const onCheck = (check: Check) => {
      progress.clear()
      if (!json) io.stdout.write(checkLine(check))
      showWork()
    }
    const { ok, checks } = await verifyCheckpoint(folder, { backend, heldOut, signal, onCheck })
    progress.clear()
    const failed = checks.filter((check) => !check.ok).length
    const verdict = ok ? `all ${checks.length} checks hold` : `${failed} of ${checks.length} checks fail`
    io.stdout.write(json ? `${JSON.stringify({ ok, checks })}\n` : `${verdict}\n`)
    if (!ok) session.exitStatus = 1
  } finally {
    backend.destroy()
  }
}

function checkLine({ name, value, limit, ok }: Check): string {
  const number = (x: number) => (Number.isInteger(x) ? String(x) : x.toExponential(2)).padStart(9)
  return `${ok ? 'ok  ' : 'FAIL'}  ${printable(name).padEnd(36)} ${number(value)}  limit ${number(limit)}\n`
}
