import { ConfigError } from '@mamba/core'
import type { Command } from 'commander'
import { wholeNumber } from '../arguments.ts'
import { isWebGpu, type KernelProfile, kernelTables, profileKernels } from '../bench/kernels.ts'
import { measureSpeed, type Speed } from '../bench/measure.ts'
import { type SpeedSummary, summarize } from '../bench/summary.ts'
import { type WeightUse, weightUse } from '../bench/weights.ts'
import { bytes, printable, table, thousands } from '../io/text.ts'
import { addModelOptions, isRandom, type ModelFlags, openModel } from '../model.ts'
import type { Session } from '../session.ts'

interface BenchFlags extends ModelFlags {
  readonly dtype?: string
  readonly promptLength: number
  readonly tokens: number
  readonly runs: number
  readonly profile?: boolean
  readonly json?: boolean
}

/** What `--json` prints; the rates are medians. */
interface BenchReport
  extends Speed,
    Pick<WeightUse, 'weightDtype' | 'weightBytes'>,
    Omit<SpeedSummary, 'median'> {
  readonly model: string
  readonly backend: string
  readonly device: string
  /** On the processor. */
  readonly threads?: number
  readonly promptLength: number
  readonly tokens: number
  readonly runs: number
  /** Of decoding. */
  readonly msPerToken: number
  /** Of one sequence, however long it is. */
  readonly stateBytes: number
  /** The most that the process ever held in memory, loading included. */
  readonly peakMemoryBytes: number
  /** Held on a graphics card afterwards: weights, and memory that is kept for intermediate results. */
  readonly deviceMemoryBytes?: number
  /** Bytes of weights that decoding read in a second. */
  readonly achievedBytesPerSecond: number
  readonly kernels?: KernelProfile
}

const help = `
One run that does not count comes first. Rates are medians of the others, with the smallest and the largest.

Random weights have the sizes of a published model, and need no download: mamba-130m, -370m, -790m, -1.4b, -2.8b,
mamba2-130m, -370m, -780m, -1.3b, -2.7b, mamba3-siso-187m; as random:<name> or random:<name>:<dtype>, in f32, f16
(default), bf16, q8_0 or q4_0.

Examples:
  mamba bench
  mamba bench --model random:mamba-130m:q8_0 --threads 2
  mamba bench --backend webgpu --profile
  mamba bench --model ./mamba-130m-hf --prompt-length 4096 --tokens 64 --runs 3 --json
`

/** Adds `mamba bench`. */
export function addBenchCommand(program: Command, session: Session): void {
  const command = program
    .command('bench')
    .summary('measure the speed')
    .description(
      'Measures how fast a model reads a prompt and writes tokens here, and what memory that takes.',
    )
  addModelOptions(command)
    .option('--dtype <dtype>', 'of random weights')
    .option('--prompt-length <n>', 'tokens that are read', wholeNumber(1), 1024)
    .option('-n, --tokens <n>', 'tokens that are written', wholeNumber(1), 128)
    .option('--runs <n>', 'that count', wholeNumber(1), 5)
    .option('--profile', 'on a graphics card, also what each kernel takes, in a run of its own')
    .option('--json', 'print one JSON object: rates, spread, bytes of weights, state and process')
    .addHelpText('after', help)
    .action((flags: BenchFlags) => bench(flags, session))
}

async function bench(flags: BenchFlags, session: Session): Promise<void> {
  const { io, progress, signal } = session
  const { runs, promptLength, tokens } = flags
  const workload = { promptLength, tokens, signal }
  const place = modelOf(flags)
  using opened = await openModel({ ...flags, model: place }, session)
  const { model, backend, threads } = opened
  const card = isWebGpu(backend) ? backend : undefined
  if (flags.profile && !card) {
    throw new ConfigError(
      `--profile: the ${backend.name} backend has no kernels to time; use --backend webgpu`,
    )
  }
  const speeds: Speed[] = []
  for (let run = 0; run <= runs; run++) {
    progress.show(run === 0 ? 'warming up' : `run ${run} of ${runs}`)
    const speed = await measureSpeed(model, workload)
    if (run > 0) speeds.push(speed)
  }
  progress.show('timing kernels')
  const kernels = flags.profile && card ? await profileKernels(model, card, workload) : undefined
  progress.clear()
  const { median, minimum, maximum } = summarize(speeds)
  const { weightDtype, weightBytes, bytesPerToken } = weightUse(model.tensors)
  using state = model.createState()
  const report: BenchReport = {
    model: place,
    backend: backend.name,
    device: backend.info.device,
    ...(!card && { threads }),
    weightDtype,
    promptLength,
    tokens,
    runs,
    ...median,
    msPerToken: 1000 / median.decodeTokensPerSecond,
    minimum,
    maximum,
    weightBytes,
    stateBytes: state.byteLength,
    // In kB of 1024 bytes on every system.
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    ...(card && { deviceMemoryBytes: card.memoryUse().reserved }),
    achievedBytesPerSecond: bytesPerToken * median.decodeTokensPerSecond,
    ...(kernels && { kernels }),
  }
  const text = () => table(rows(report)) + (kernels ? kernelTables(kernels, workload) : '')
  io.stdout.write(flags.json ? `${JSON.stringify(report)}\n` : text())
}

/** The model, with the dtype that is given apart from it. */
function modelOf({ model, dtype }: BenchFlags): string {
  if (dtype === undefined) return model
  if (isRandom(model)) return `${model}:${dtype}`
  throw new ConfigError(
    `--dtype ${dtype}: --model ${model} has the dtype of its file; only random weights have others`,
  )
}

function rows(report: BenchReport): string[][] {
  const { minimum, maximum } = report
  const rate = (name: keyof Speed) =>
    `${report[name].toFixed(1)} tok/s (${minimum[name].toFixed(1)} to ${maximum[name].toFixed(1)})`
  return [
    ['model', printable(report.model)],
    ['backend', `${report.backend}: ${printable(report.device)}`],
    ['weights', `${bytes(report.weightBytes)}, mostly ${report.weightDtype}`],
    ['state', `${bytes(report.stateBytes)} per sequence`],
    [`prefill of ${thousands(report.promptLength)}`, rate('prefillTokensPerSecond')],
    [
      `decode of ${thousands(report.tokens)}`,
      `${rate('decodeTokensPerSecond')}, ${report.msPerToken.toFixed(2)} ms/token`,
    ],
    ['weights read', `${bytes(report.achievedBytesPerSecond)}/s`],
    ['peak memory', `${bytes(report.peakMemoryBytes)}, the whole process`],
    ...(report.deviceMemoryBytes === undefined ? [] : [['card memory', bytes(report.deviceMemoryBytes)]]),
  ]
}
