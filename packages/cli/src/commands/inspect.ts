import { inspectModel, type ModelSummary, type TensorInfo } from '@mamba/models'
import type { Command } from 'commander'
import { bytes, printable, table, thousands } from '../io/text.ts'
import { sourceOf } from '../model.ts'
import type { Session } from '../session.ts'

interface InspectFlags {
  readonly tensors?: boolean
  readonly json?: boolean
}

const help = `
Examples:
  mamba inspect stories
  mamba inspect ./mamba2-130m --tensors
  mamba inspect https://example.org/model.gguf --json
`

/** Adds `mamba inspect`. */
export function addInspectCommand(program: Command, session: Session): void {
  program
    .command('inspect')
    .summary('say what is in a checkpoint')
    .description(
      'Says what a checkpoint holds: architecture, sizes, tensors, bytes. Its weights are not read.',
    )
    .argument('<checkpoint>', 'folder, file or URL, or "stories"')
    .option('--tensors', 'list every tensor')
    .option('--json', 'print one JSON object, with every tensor')
    .addHelpText('after', help)
    .action((place: string, flags: InspectFlags) => inspect(place, flags, session))
}

async function inspect(place: string, flags: InspectFlags, { io, signal }: Session): Promise<void> {
  const summary = await inspectModel(sourceOf(place), { signal })
  if (flags.json) {
    io.stdout.write(`${JSON.stringify(summary, infinityAsText)}\n`)
    return
  }
  io.stdout.write(table([...modelRows(summary), ...configRows(summary.config)]))
  if (flags.tensors) io.stdout.write(`\n${table(summary.tensors.map(tensorRow))}`)
}

function modelRows(summary: ModelSummary): string[][] {
  const { architecture, layout, format, tensors, tokenizer, config, generationDefaults } = summary
  return [
    ['architecture', printable(architecture)],
    ['layout', layout === format ? layout : `${layout}, ${format}`],
    ['parameters', thousands(summary.parameters)],
    [
      'weights',
      `${bytes(summary.weightBytes)} in ${thousands(tensors.length)} tensors (${storedTypes(tensors)})`,
    ],
    ['state', `${bytes(summary.stateBytesPerSequence)} per sequence, whatever its length`],
    ['vocabulary', vocabulary(config)],
    [
      'tokenizer',
      tokenizer ? `${thousands(tokenizer.vocabSize)} tokens` : 'none: there is no tokenizer.json',
    ],
    ['end tokens', generationDefaults.stopIds.join(', ') || 'none'],
  ]
}

function vocabulary({ vocabSize, paddedVocabSize }: ModelSummary['config']): string {
  const padding = paddedVocabSize > vocabSize ? `, padded to ${thousands(paddedVocabSize)}` : ''
  return `${thousands(vocabSize)} tokens${padding}`
}

/** `Q8_0 40, F32 85`: how many tensors are stored in which type. */
function storedTypes(tensors: readonly TensorInfo[]): string {
  const counts = new Map<string, number>()
  for (const { storedType } of tensors) counts.set(storedType, (counts.get(storedType) ?? 0) + 1)
  return Array.from(counts, ([type, count]) => `${printable(type)} ${thousands(count)}`).join(', ')
}

/** Every value of the configuration, those of nested objects as `mixer.dState`. */
function configRows(config: object, prefix = 'config '): string[][] {
  const given = Object.entries(config).filter(([, value]) => value !== undefined)
  return given.flatMap(([key, value]) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? configRows(value, `${prefix}${key}.`)
      : [[`${prefix}${key}`, printable(String(value))]],
  )
}

function tensorRow({ name, storedType, shape, byteLength }: TensorInfo): string[] {
  return [printable(name), printable(storedType), `[${shape.join(', ')}]`, bytes(byteLength)]
}

/** JSON has no infinity, which is what a clamp that does nothing has as its limit. */
function infinityAsText(_key: string, value: unknown): unknown {
  return value === Number.POSITIVE_INFINITY ? 'Infinity' : value
}
