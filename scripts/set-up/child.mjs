// Child processes that behave as if they had been started in this process's place.
import { spawn } from 'node:child_process'

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * Runs a program to its end, passing on the signals that reach this process.
 * @param options those of node:child_process, and `onSpawn`, which is called with the process id
 * @returns the exit `status`, or the `signal` that ended it; and the signal that this process `received` meanwhile
 */
export function runChild(program, args, { onSpawn, ...options }) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit', ...options })
    // A terminal sends Ctrl-C to the child too; passed on, it would count twice.
    const inTerminal = [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY)
    let received
    const forward = (signal) => {
      received = signal
      if (signal !== 'SIGINT' || !inTerminal) child.kill(signal)
    }
    for (const signal of FORWARDED) process.on(signal, forward)
    const settle = (action, value) => {
      for (const signal of FORWARDED) process.off(signal, forward)
      action(value)
    }
    child.on('spawn', () => onSpawn?.(child.pid))
    child.on('error', (error) => settle(reject, error))
    child.on('close', (status, signal) => settle(resolve, { status, signal, received }))
  })
}

/** Ends this process the way a child ended. */
export function exitLike({ status, signal }) {
  if (signal) process.kill(process.pid, signal)
  else process.exitCode = status
}
