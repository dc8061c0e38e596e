import { ConfigError } from '@mamba/core'
import type { Tokenizer } from '@mamba/models'
import type { Command } from 'commander'
import { wholeNumber } from '../arguments.ts'
import { readNamedFile } from '../io/files.ts'
import { thousands } from '../io/text.ts'
import { addModelOptions, type ModelFlags, openTextModel } from '../model.ts'
import type { Session } from '../session.ts'

interface EvalFlags extends ModelFlags {
  readonly window: number
  readonly maxWindows?: number
  readonly json?: boolean
}

const help = `
The text is cut into windows of as many tokens as --window says. Each is read on its own, and every token of it but
the first is scored. In the text <|endoftext|> separates documents: each of them follows the model's end token, and
the white space around it does not count.

Examples:
  mamba eval stories.txt --max-windows 8
  mamba eval novel.txt --model ./mamba-130m-hf --json
`

/** Adds `mamba eval`. */
export function addEvalCommand(program: Command, session: Session): void {
  const command = program
    .command('eval')
    .summary('measure how well a model predicts a text')
    .description(
      'Measures how well a model predicts a text: mean negative log-likelihood (nats per token), perplexity.',
    )
    .argument('<file>', 'the text, UTF-8')
  addModelOptions(command)
    .option('--window <n>', 'tokens that are read together', wholeNumber(2), 1024)
    .option('--max-windows <n>', 'stop after so many windows', wholeNumber(1))
    .option('--json', 'print one JSON object: nll, perplexity, tokens, windows')
    .addHelpText('after', help)
    .action((file: string, flags: EvalFlags) => evaluate(file, flags, session))
}

async function evaluate(file: string, flags: EvalFlags, session: Session): Promise<void> {
  const { io, progress, signal } = session
  const text = new TextDecoder().decode(await readNamedFile('eval', file))
  using opened = await openTextModel(flags, session)
  let sum = 0
  let tokens = 0
  let windows = 0
  for (const ids of windowsOf(tokenIds(text, opened.tokenizer), flags.window)) {
    const nll = await opened.model.nll(ids, { signal })
    sum += nll.reduce((total, value) => total + value, 0)
    tokens += nll.length
    windows += 1
    progress.show(`window ${thousands(windows)}: nll ${(sum / tokens).toFixed(4)} so far`)
    if (windows === flags.maxWindows) break
  }
  progress.clear()
  signal.throwIfAborted()
  if (tokens === 0)
    throw new ConfigError(`eval: ${file} has fewer than two tokens; there is nothing to predict`)

  const nll = sum / tokens
  const result = { nll, perplexity: Math.exp(nll), tokens, windows }
  io.stdout.write(flags.json ? `${JSON.stringify(result)}\n` : report(result))
}

function report({
  nll,
  perplexity,
  tokens,
  windows,
}: Record<'nll' | 'perplexity' | 'tokens' | 'windows', number>) {
  return (
    `nll         ${nll.toFixed(5)} nats per token\n` +
    `perplexity  ${perplexity.toFixed(3)}\n` +
    `tokens      ${thousands(tokens)} scored, in ${thousands(windows)} windows\n`
  )
}

/** Each document after the end token, as in training. Documents are encoded when they are reached. */
function* tokenIds(text: string, tokenizer: Tokenizer): Generator<number> {
  const before = tokenizer.eosTokenId === undefined ? [] : [tokenizer.eosTokenId]
  for (const document of text.split('<|endoftext|>')) {
    const trimmed = document.trim()
    if (trimmed === '') continue
    yield* before
    yield* tokenizer.encode(trimmed, { addSpecialTokens: false })
  }
}

/** Consecutive windows. The last may be shorter; of a single token nothing can be scored, so it is left out. */
function* windowsOf(ids: Iterable<number>, size: number): Generator<number[]> {
  let window: number[] = []
  for (const id of ids) {
    window.push(id)
    if (window.length < size) continue
    yield window
    window = []
  }
  if (window.length > 1) yield window
}
