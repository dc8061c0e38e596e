import { arch, availableParallelism, cpus, platform, release } from 'node:os'
import type { Command } from 'commander'
import { type BackendReport, reportBackends } from '../backends.ts'
import { printable, table, thousands } from '../io/text.ts'
import type { Session } from '../session.ts'
import { version } from '../version.ts'

/** Adds `mamba doctor`. */
export function addDoctorCommand(program: Command, session: Session): void {
  program
    .command('doctor')
    .summary('say what works on this machine')
    .description('Prints versions, which backends work on this machine, and why the others do not.')
    .option('--json', 'print one JSON object: mamba, node, system, processor, backends')
    .action((flags: { json?: boolean }) => doctor(flags, session))
}

async function doctor({ json }: { json?: boolean }, { io }: Session): Promise<void> {
  const machine = {
    mamba: version,
    node: process.versions.node,
    system: `${platform()} ${release()} ${arch()}`,
    processor: `${cpus()[0]?.model.trim() ?? 'unknown'}, ${availableParallelism()} threads`,
  }
  const backends = await reportBackends()
  const rows = [...Object.entries(machine), ...backends.flatMap(backendRows)]
  io.stdout.write(json ? `${JSON.stringify({ ...machine, backends })}\n` : table(rows))
}

function backendRows(backend: BackendReport): string[][] {
  const name = `backend ${backend.name}`
  if (!backend.available) return [[name, `does not work here: ${printable(backend.reason)}`]]
  return [
    [name, `works: ${printable(backend.device)}`],
    ...backend.notes.map((note) => ['', printable(note)]),
    ...(backend.features ? [['', `features: ${printable(backend.features.join(', ') || 'none')}`]] : []),
    ...Object.entries(backend.limits ?? {}).map(([limit, value]) => ['', `${limit} ${thousands(value)}`]),
  ]
}
