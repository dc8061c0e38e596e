import type { Backend, DType } from '@mamba/core'
import type { Model } from '@mamba/models'
import { type Summary, summarize } from '../report/statistics.ts'
import { type Budget, type Repetition, repeated } from './budget.ts'
import { type Card, cardText, describeCard, isWebGpu } from './card.ts'
import { openModel, someIds } from './models.ts'
import { type Measure, officialRate, officialSource } from './official.ts'
import { markdownTable, type Output } from './output.ts'
import { recordSteps } from './recorded-steps.ts'

/** Tokens of the prompt before decoding. */
const PROMPT = 100
const BATCH = 64

/** What is measured, and how thoroughly. */
export interface SpeedOptions {
  readonly models: readonly string[]
  readonly dtypes: readonly DType[]
  /** Of `decode`, `decode64`, `prefill`. */
  readonly measures: readonly string[]
  readonly lengths: readonly number[]
  /** Tokens that are decoded. */
  readonly tokens: number
  /** Positions of a prompt that are read in one pass; undefined: as the library does it. */
  readonly chunkSize: number | undefined
  readonly repetition: Repetition
  readonly budget: Budget
  /** Whether to leave aside what an earlier run has found. */
  readonly fresh: boolean
}

/** One figure. */
interface Figure {
  readonly model: string
  readonly dtype: DType
  readonly measure: Measure
  readonly tokensPerSecond: Summary
  /** Milliseconds of a step, or of the whole prompt; median. */
  readonly ms: number
  /** Of `ms`, what the processor takes to hand the work over, where that was measured. */
  readonly encodeMs?: number
  readonly chunkSize?: number
  /** Bytes of tensors and of kept buffers on the card, afterwards. */
  readonly deviceBytes?: number
}

interface Results {
  readonly card: Card
  readonly figures: readonly Figure[]
}

/** Measures models one after the other. What fails is said, and the others go on. @returns whether nothing failed */
export async function speed(backend: Backend, options: SpeedOptions, output: Output): Promise<boolean> {
  const card = describeCard(backend)
  console.log(`${cardText(card)}\n${officialSource}`)
  let figures = options.fresh ? [] : earlier(output, card)
  const add = (figure: Figure) => {
    console.log(rowText(figure))
    figures = [...figures.filter((old) => keyOf(old) !== keyOf(figure)), figure]
    // After each one: a machine that is lent may be taken back.
    save(output, { card, figures })
  }
  let isComplete = true
  const fail = (what: string, error: unknown) => {
    isComplete = false
    console.log(`FAIL ${what}: ${(error as Error).message}`)
  }
  for (const name of options.models) {
    for (const dtype of options.dtypes) {
      if (!options.budget.has(5)) {
        fail(`${name} ${dtype}`, new Error('no time is left'))
        continue
      }
      try {
        using model = await openModel(name, dtype, backend, options.budget.signal)
        for (const measurement of measurementsOf(options)) {
          try {
            const figure = await measurement.run(model, options)
            add({ model: name, dtype, measure: measurement.measure, ...figure, ...memoryOf(backend) })
          } catch (error) {
            fail(`${name} ${dtype} ${measurement.measure}`, error)
          }
        }
      } catch (error) {
        fail(`${name} ${dtype}`, error)
      }
    }
  }
  if (figures.length > 0) save(output, { card, figures })
  console.log(`\n${table(figures)}`)
  return isComplete
}

type Measured = Pick<Figure, 'tokensPerSecond' | 'ms' | 'encodeMs' | 'chunkSize'>

interface Measurement {
  readonly measure: Measure
  readonly run: (model: Model, options: SpeedOptions) => Promise<Measured>
}

function measurementsOf({ measures, lengths }: SpeedOptions): readonly Measurement[] {
  const kinds: Readonly<Record<string, readonly Measurement[]>> = {
    decode: [
      { measure: 'decode, batch 1', run: generation },
      { measure: 'decode, batch 1, recorded', run: (model, options) => recorded(model, 1, options) },
    ],
    decode64: [
      { measure: 'decode, batch 64, recorded', run: (model, options) => recorded(model, BATCH, options) },
    ],
    prefill: lengths.map((length) => ({
      measure: `prefill ${length}` as const,
      run: (model, options) => reading(model, length, options),
    })),
  }
  return measures.flatMap((name) => kinds[name] ?? [])
}

/** As a user's program generates: from the first token to the last. */
async function generation(model: Model, { tokens, repetition, budget }: SpeedOptions): Promise<Measured> {
  const { signal } = budget
  const prompt = someIds(PROMPT, model.vocabSize)
  const times = await repeated(repetition, budget, async () => {
    let first: number | undefined
    // The prompt's pass gives the first token.
    const options = { greedy: true, maxTokens: tokens + 1, stopIds: [], signal }
    for await (const _ of model.generate(prompt, options)) first ??= performance.now()
    return (performance.now() - first!) / tokens
  })
  return rates(times, 1)
}

/** Steps without anything around them, in a batch. */
async function recorded(model: Model, batch: number, options: SpeedOptions): Promise<Measured> {
  const { tokens, repetition, budget } = options
  using state = model.createState({ batch })
  const logits = await model.prefill(someIds(PROMPT, model.vocabSize, batch), {
    state,
    signal: budget.signal,
  })
  logits.destroy()
  using steps = recordSteps(model, state)
  const times = await repeated(repetition, budget, () => steps.run(tokens, budget.signal))
  const encodeMs = summarize(times.map((time) => time.encodeMs)).median
  return {
    ...rates(
      times.map(({ ms }) => ms),
      batch,
    ),
    encodeMs,
  }
}

/** A prompt, until the logits of its last position are there. */
async function reading(
  model: Model,
  length: number,
  { chunkSize, repetition, budget }: SpeedOptions,
): Promise<Measured> {
  const ids = someIds(length, model.vocabSize)
  const times = await repeated(repetition, budget, async () => {
    using state = model.createState()
    await model.backend.finish()
    const start = performance.now()
    const logits = await model.prefill(ids, { state, chunkSize, signal: budget.signal })
    await model.backend.finish()
    const ms = performance.now() - start
    logits.destroy()
    return ms
  })
  return { ...rates(times, length), ...(chunkSize !== undefined && { chunkSize }) }
}

/** @param times in ms @param tokens that are computed in that time */
function rates(times: readonly number[], tokens: number): Measured {
  return {
    tokensPerSecond: summarize(times.map((ms) => (1000 * tokens) / ms)),
    ms: summarize(times).median,
  }
}

function memoryOf(backend: Backend): { deviceBytes?: number } {
  return isWebGpu(backend) ? { deviceBytes: backend.memoryUse().reserved } : {}
}

/** What an earlier run found on the same card with the same code. */
function earlier(output: Output, card: Card): readonly Figure[] {
  const results = output.earlier('speed') as Results | undefined
  const isSame = results?.card.name === card.name && results.card.commit === card.commit
  return isSame ? results.figures : []
}

function keyOf({ model, dtype, measure, chunkSize }: Figure): string {
  return [model, dtype, measure, chunkSize].join()
}

function save(output: Output, results: Results): void {
  output.write('speed', {
    json: results,
    markdown: `# Speed on ${results.card.name}

${cardText(results.card)}. Written by \`card.mjs speed\`.

Random weights of the published sizes; medians. Decoding follows a prompt of ${PROMPT} tokens. "recorded": a step that
is recorded once and enqueued again and again; otherwise \`model.generate\`, with everything around it. ${officialSource}.

${table(results.figures)}
`,
  })
}

function table(figures: readonly Figure[]): string {
  const head = [
    'model',
    'dtype',
    'what',
    'tokens/s',
    'smallest to largest',
    'ms',
    'of it enqueuing',
    'official tokens/s',
    'ratio',
  ]
  return markdownTable(head, figures.map(cellsOf), 3)
}

function cellsOf({ model, dtype, measure, tokensPerSecond, ms, encodeMs, chunkSize }: Figure): string[] {
  const official = officialRate(model, measure)
  const { median, minimum, maximum, runs } = tokensPerSecond
  return [
    model,
    dtype,
    chunkSize === undefined ? measure : `${measure}, chunks of ${chunkSize}`,
    rate(median),
    `${rate(minimum)} to ${rate(maximum)} (${runs})`,
    ms < 1000 ? ms.toPrecision(4) : ms.toFixed(0),
    encodeMs === undefined ? '–' : encodeMs.toPrecision(3),
    official === undefined ? '–' : rate(official),
    official === undefined ? '–' : `**${(median / official).toFixed(2)}**`,
  ]
}

function rowText(figure: Figure): string {
  return cellsOf(figure).join('  ')
}

function rate(tokensPerSecond: number): string {
  return tokensPerSecond.toLocaleString('en', { maximumFractionDigits: tokensPerSecond < 100 ? 1 : 0 })
}
