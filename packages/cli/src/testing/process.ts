import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** How a process ended and what it wrote. */
interface Ending {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly output: string
  readonly messages: string
}

/**
 * Starts `mamba` as a process of its own: from `dist` where the tests run on that, else from `src`.
 * @returns the process, and a promise of its ending
 */
export function startMamba(...args: readonly string[]): {
  readonly child: ChildProcessWithoutNullStreams
  readonly ending: Promise<Ending>
} {
  const dist = process.env.MODE === 'dist'
  const main = fileURLToPath(new URL(dist ? '../../dist/main.js' : '../main.ts', import.meta.url))
  const conditions = dist ? [] : ['--conditions=@mamba/source']
  const child = spawn(process.execPath, [...conditions, main, ...args])
  let output = ''
  let messages = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    messages += text
  })
  const ending = new Promise<Ending>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status, signal) => resolve({ status, signal, output, messages }))
  })
  return { child, ending }
}
