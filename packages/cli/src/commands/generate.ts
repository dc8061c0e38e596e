import { randomInt } from 'node:crypto'
import { ConfigError, MambaError, type SamplingOptions } from '@mamba/core'
import type { GenerateOptions, Model, State } from '@mamba/models'
import type { Command } from 'commander'
import { collect, samplingNumber, wholeNumber } from '../arguments.ts'
import { readPrompt } from '../generation/prompt.ts'
import { createTextOutput } from '../generation/text-output.ts'
import { type TimedGeneration, timedGeneration } from '../generation/timed-generation.ts'
import { expectWritable, readNamedFile, writeNamedFile } from '../io/files.ts'
import { bytes, thousands } from '../io/text.ts'
import { addModelOptions, type ModelFlags, openTextModel } from '../model.ts'
import type { Session } from '../session.ts'

/** The options that are given, and no others: what is not given is up to the checkpoint and the library. */
interface GenerateFlags
  extends ModelFlags,
    Pick<GenerateOptions, keyof SamplingOptions | 'maxTokens' | 'stop'> {
  readonly echo?: boolean
  readonly json?: boolean
  readonly stateIn?: string
  readonly stateOut?: string
}

const help = `
What is not given is as the checkpoint's generation_config.json has it. Standard output gets the text and nothing
else; on a terminal the prompt comes first. The speed and the seed follow on standard error.

Ctrl-C ends the text; what was asked for with --state-out is still written.

Examples:
  mamba generate "Once upon a time" --max-tokens 200 --seed 7
  echo "One day, a robot" | mamba generate --greedy --json
  mamba generate "Tom had a red ball." --state-out tom.state
  mamba generate " He lost it." --state-in tom.state
  mamba generate "The capital of France is" --model ./mamba-130m-hf --greedy --stop .
`

/** Adds `mamba generate`. */
export function addGenerateCommand(program: Command, session: Session): void {
  const command = program
    .command('generate')
    .summary('continue a text')
    .description('Continues a text, token by token.')
    .argument('[prompt]', 'the text; "-" or none: standard input')
  addModelOptions(command)
    .option('-n, --max-tokens <n>', 'length of the continuation (default: 256)', wholeNumber(1))
    .option(
      '--temperature <t>',
      'below 1 more predictable, above 1 more varied',
      samplingNumber('temperature'),
    )
    .option('--top-k <n>', 'choose among the n likeliest tokens; 0: all', samplingNumber('topK'))
    .option('--top-p <p>', 'choose among the likeliest that make up this probability', samplingNumber('topP'))
    .option('--min-p <p>', 'drop tokens this much less likely than the likeliest', samplingNumber('minP'))
    .option(
      '--repetition-penalty <x>',
      'above 1: fewer tokens of the text so far',
      samplingNumber('repetitionPenalty'),
    )
    .option('--presence-penalty <x>', 'above 0: fewer tokens used before', samplingNumber('presencePenalty'))
    .option(
      '--frequency-penalty <x>',
      'the same for each time they were used',
      samplingNumber('frequencyPenalty'),
    )
    .option('--seed <n>', 'the same seed gives the same text (default: a new one)', samplingNumber('seed'))
    .option('--greedy', 'always take the likeliest token')
    .option('--stop <text>', 'end before this text; can be given several times', collect)
    .option('--echo', 'print the prompt before its continuation (default: on a terminal)')
    .option('--no-echo', 'do not')
    .option('--json', 'print one JSON object: text, ids, finishReason, promptTokens, seed, timing')
    .option('--state-in <file>', 'go on from a saved state instead of from nothing')
    .option('--state-out <file>', 'save the state afterwards')
    .addHelpText('after', help)
    .action((prompt: string | undefined, flags: GenerateFlags) => generate(prompt, flags, session))
}

async function generate(argument: string | undefined, flags: GenerateFlags, session: Session): Promise<void> {
  const { model, backend, threads, echo = session.io.stdout.isTTY, json, stateIn, stateOut, ...given } = flags
  const { io, progress, signal } = session
  const prompt = await readPrompt(argument, session)
  if (stateOut) await expectWritable('--state-out', stateOut)
  const saved = stateIn ? await readNamedFile('--state-in', stateIn) : undefined
  using opened = await openTextModel(flags, session)
  using state = saved ? await restoreState(opened.model, saved, stateIn!) : opened.model.createState()

  // Drawn here, so that a text that one likes can be had again.
  const options = {
    seed: randomInt(2 ** 32),
    ...given,
    state,
    signal,
    onPromptProgress: showReading(session),
  }
  const output = createTextOutput(io, echo ? prompt : '', progress.clear)
  const onText = json ? () => {} : output.write
  const result = await timedGeneration(opened.model, prompt, options, onText)
  progress.clear()
  output.end()

  if (json) {
    const { timing, ...rest } = result
    const printed = { ...rest, seed: options.seed, timing: { loadMs: opened.loadMs, ...timing } }
    io.stdout.write(`${JSON.stringify(printed)}\n`)
  } else {
    io.stderr.write(`${summary(result, options)}\n`)
  }
  if (stateOut) await saveState(state, stateOut, session)
  signal.throwIfAborted()
}

/** Shows how much of the prompt is read, and says at once that it is being read. */
function showReading({ progress }: Session): NonNullable<GenerateOptions['onPromptProgress']> {
  progress.show('reading the prompt')
  return ({ read, total }) => {
    progress.show(`reading the prompt: ${thousands(read)} of ${thousands(total)} tokens`)
  }
}

async function restoreState(model: Model, saved: Uint8Array, path: string): Promise<State> {
  try {
    return await model.loadState(saved)
  } catch (cause) {
    if (!MambaError.is(cause)) throw cause
    throw new ConfigError(`--state-in ${path}: ${cause.message}`, { cause })
  }
}

async function saveState(state: State, path: string, { io }: Session): Promise<void> {
  await writeNamedFile('--state-out', path, await state.save())
  io.stderr.write(
    `${path}: the state after ${thousands(state.position)} tokens, ${bytes(state.byteLength)}\n`,
  )
}

function summary(
  { promptTokens, ids, timing, finishReason }: TimedGeneration,
  options: GenerateOptions,
): string {
  const part = (what: string, count: number, rate: number | null) =>
    `${what} ${thousands(count)} tokens${rate === null ? '' : `, ${rate.toFixed(1)} tok/s`}`
  const parts = [
    part('prompt', promptTokens, timing.promptTokensPerSecond),
    part('text', ids.length, timing.decodeTokensPerSecond),
    `finish: ${finishReason}`,
  ]
  if (!options.greedy) parts.push(`seed: ${options.seed}`)
  return parts.join(' | ')
}
