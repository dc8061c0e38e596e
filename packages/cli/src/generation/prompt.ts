import { addAbortSignal } from 'node:stream'
import { text } from 'node:stream/consumers'
import { ConfigError } from '@mamba/core'
import type { Session } from '../session.ts'

/**
 * The prompt: the argument, or standard input if that is `-` or there is none and nobody types at a terminal. The end
 * of the last line of standard input does not count: `echo` and editors put it there.
 * @throws ConfigError if there is no prompt, or it is empty
 */
export async function readPrompt(argument: string | undefined, { io, signal }: Session): Promise<string> {
  if (argument === undefined && io.stdin.isTTY) {
    throw new ConfigError('generate: there is no prompt; give it as an argument or on standard input')
  }
  const prompt = argument === undefined || argument === '-' ? await readAll(io.stdin, signal) : argument
  if (prompt === '') throw new ConfigError('generate: the prompt is empty; give at least one character')
  return prompt
}

async function readAll(stdin: Session['io']['stdin'], signal: AbortSignal): Promise<string> {
  try {
    return (await text(addAbortSignal(signal, stdin))).replace(/\r?\n$/, '')
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
}
