import type { Backend, DType } from '@mamba/core'
import type { Model, State } from '@mamba/models'
import { curveChart } from '../report/curve-chart.ts'
import { type Summary, summarize } from '../report/statistics.ts'
import type { Budget } from './budget.ts'
import { type Card, cardText, describeCard, isWebGpu } from './card.ts'
import { openModel, someIds } from './models.ts'
import { markdownTable, type Output } from './output.ts'
import { recordSteps } from './recorded-steps.ts'

const ROUNDS = 15
const STEPS_PER_ROUND = 32

/** What is measured. */
export interface ConstantOptions {
  readonly model: string
  readonly dtype: DType
  /** In ascending order. */
  readonly positions: readonly number[]
  readonly budget: Budget
}

/** What reading a prompt and decoding after it cost. */
interface Point {
  /** Tokens that were read. */
  readonly position: number
  /** Of reading them from the beginning. */
  readonly prefillMs: number
  /** The most bytes on the card meanwhile. */
  readonly deviceBytes: number | undefined
  /** Of a token after them. */
  readonly msPerToken: Summary
}

interface Costs {
  readonly card: Card
  readonly model: string
  readonly dtype: DType
  readonly stateBytes: number
  readonly points: readonly Point[]
}

/** Measures time and memory after prompts of growing length. */
export async function constant(backend: Backend, options: ConstantOptions, output: Output): Promise<boolean> {
  const { model: name, dtype, positions, budget } = options
  using model = await openModel(name, dtype, backend, budget.signal)
  const read: (Omit<Point, 'msPerToken'> & { readonly state: State })[] = []
  // What is compiled, and the card's clock, must not count.
  const warmUp = await readPrompt(model, Math.min(5000, positions.at(-1)!), budget)
  warmUp.state.destroy()
  for (const position of positions) {
    if (!budget.has(10)) {
      console.log(`${position} tokens: no time is left`)
      break
    }
    const reading = await readPrompt(model, position, budget)
    console.log(
      `${position} tokens: ${reading.prefillMs.toFixed(1)} ms, ${megabytes(reading.deviceBytes)} MB on the card`,
    )
    read.push(reading)
  }
  const times = await decodeFrom(
    model,
    read.map(({ state }) => state),
    budget,
  )
  const points = read.map(({ state: _, ...reading }, i) => ({ ...reading, msPerToken: summarize(times[i]!) }))
  const costs: Costs = {
    card: describeCard(backend),
    model: name,
    dtype,
    stateBytes: read[0]!.state.byteLength,
    points,
  }
  const markdown = report(costs)
  console.log(markdown)
  output.write('constant', { json: costs, markdown, charts: chartsOf(costs) })
  for (const { state } of read) state.destroy()
  return read.length === positions.length
}

async function readPrompt(model: Model, position: number, { signal }: Budget) {
  const { backend } = model
  let deviceBytes: number | undefined
  const look = () => {
    if (isWebGpu(backend)) deviceBytes = Math.max(deviceBytes ?? 0, backend.memoryUse().reserved)
  }
  const ids = someIds(position, model.vocabSize)
  const state = model.createState()
  await backend.finish()
  const start = performance.now()
  const logits = await model.prefill(ids, { state, signal, onProgress: look })
  await backend.finish()
  const prefillMs = performance.now() - start
  look()
  logits.destroy()
  return { position, prefillMs, deviceBytes, state }
}

/** Milliseconds of a step from each of the states, in alternation, so that nothing but the position differs. */
async function decodeFrom(model: Model, states: readonly State[], { signal }: Budget): Promise<number[][]> {
  using working = model.createState()
  using steps = recordSteps(model, working)
  const times = states.map((): number[] => [])
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [i, state] of states.entries()) {
      working.assign(state)
      const { ms } = await steps.run(STEPS_PER_ROUND, signal)
      // The first round warms up.
      if (round > 0) times[i]!.push(ms)
    }
  }
  return times
}

function report(costs: Costs): string {
  const { card, model, dtype, stateBytes, points } = costs
  const rows = points.map(
    ({ position, prefillMs, deviceBytes, msPerToken: { median, minimum, maximum } }) => [
      position.toLocaleString('en'),
      prefillMs.toFixed(1),
      Math.round((1000 * position) / prefillMs).toLocaleString('en'),
      megabytes(deviceBytes),
      ...[median, minimum, maximum].map((ms) => ms.toFixed(3)),
    ],
  )
  const head = ['tokens', 'prefill, ms', 'tokens/s', 'peak, MB', 'ms per token', 'smallest', 'largest']
  return `# Cost by position on ${card.name}

${model} ${dtype}; ${cardText(card)}. Written by \`card.mjs constant\`.

Reading so many tokens from the beginning, and the most memory that tensors and kept buffers took on the card meanwhile;
then milliseconds per decoded token after them, in alternation. The state takes ${stateBytes.toLocaleString('en')} bytes \
at every position.

![Milliseconds per token by position](./card-constant.svg)
![Tokens per second by length](./card-constant-prefill.svg)

${markdownTable(head, rows, 0)}
`
}

function chartsOf({ card, model, dtype, points }: Costs): Record<string, string> {
  const subject = `${model} ${dtype}, ${card.name}`
  return {
    '': curveChart({
      title: `Milliseconds per token, ${subject}`,
      axis: 'tokens before it',
      points: points.map(({ position, msPerToken }) => ({ x: position, y: msPerToken })),
    }),
    '-prefill': curveChart({
      title: `Thousands of tokens read per second, ${subject}`,
      axis: 'tokens of the prompt',
      points: points.map(({ position, prefillMs }) => ({
        x: position,
        y: summarize([position / prefillMs]),
      })),
    }),
  }
}

function megabytes(bytes: number | undefined): string {
  return bytes === undefined ? '–' : (bytes / 1e6).toFixed(0)
}
