#!/usr/bin/env node
import { run } from './cli.ts'

// The exit status is set and not forced, so that everything written still reaches its reader.
process.exitCode = await run(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  onInterrupt(listener) {
    // Only once: a second Ctrl-C ends the process, as it does by default, once the computation under way lets it.
    process.once('SIGINT', listener)
    return () => process.off('SIGINT', listener)
  },
})
