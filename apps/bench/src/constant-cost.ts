/*
 * What a token costs after so many others: `pnpm --filter @mamba/bench constant-cost [model] [positions…]`.
 *
 * One state reads on, and a copy is kept of it at each position. Then tokens are decoded from each of the copies, in
 * alternation, so that nothing but the position differs. Writes results/constant-cost.{json,md,svg}.
 */
import { writeFileSync } from 'node:fs'
import { loadModel, type Model, type SourceInput, type State } from '@mamba/models'
import { stories } from '@mamba/stories'
import { wasm } from '@mamba/wasm'
import { type Costs, costChart, costReport } from './report/constant-cost.ts'
import { describeMachine } from './report/machine.ts'
import { summarize } from './report/statistics.ts'

const rounds = 15
const tokensPerRound = 32

const [name = 'stories', ...words] = process.argv.slice(2)
const positions = words.length > 0 ? words.map(Number) : [100, 300, 1_000, 3_000, 10_000, 30_000, 100_000]
const source: SourceInput = name === 'stories' ? stories() : name
const backend = await wasm()
const model = await loadModel(source, { backend })
const states = await statesAt(model, positions)
const times = positions.map((): number[] => [])
for (let round = 0; round <= rounds; round++) {
  for (const [i, state] of states.entries()) {
    const ms = await decode(model, state)
    // The first round warms up.
    if (round > 0) times[i]!.push(ms)
  }
}
const costs: Costs = {
  machine: describeMachine(),
  model: name,
  device: backend.info.device,
  stateBytes: states[0]!.byteLength,
  points: positions.map((position, i) => ({ position, msPerToken: summarize(times[i]!) })),
}
const results = new URL('../results/', import.meta.url)
writeFileSync(new URL('constant-cost.json', results), `${JSON.stringify(costs, null, 2)}\n`)
writeFileSync(new URL('constant-cost.md', results), costReport(costs))
writeFileSync(new URL('constant-cost.svg', results), costChart(costs))
console.log(costReport(costs))
model.dispose()
backend.destroy()

/** A state at each position. @param positions ascending */
async function statesAt(model: Model, positions: readonly number[]): Promise<State[]> {
  using reading = model.createState()
  const states: State[] = []
  for (const position of positions) {
    const ids = Array.from({ length: position - reading.position }, (_, i) => (i * 7919) % model.vocabSize)
    console.error(`reading on to ${position}`)
    const logits = await model.prefill(ids, { state: reading })
    logits.destroy()
    states.push(reading.clone())
  }
  return states
}

/** Milliseconds per token, from a copy of the state. */
async function decode(model: Model, from: State): Promise<number> {
  using state = from.clone()
  const options = { state, greedy: true, maxTokens: tokensPerRound + 1, stopIds: [] }
  let first: number | undefined
  let last = 0
  for await (const _ of model.generate([0], options)) {
    last = performance.now()
    first ??= last
  }
  return (last - first!) / tokensPerRound
}
