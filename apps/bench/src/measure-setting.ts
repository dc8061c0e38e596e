import type { EngineOptions, Sample } from './engines/engine.ts'
import { EngineProcess } from './engines/engine-process.ts'
import type { EngineKind, EngineName } from './engines/engines.ts'
import { busyFraction } from './report/machine.ts'

/** The work that is compared. */
const workload = { promptLength: 1024, tokens: 128 }
const warmUp = { promptLength: 128, tokens: 8 }
/** An engine that would read the prompt for longer than this, in milliseconds, reads the shorter one. */
const longestPrefill = 30_000
const shorterPromptLength = 512

/** What one engine did with one model on so many threads. Rates are in tokens per second, one for each round. */
export interface Measurement {
  readonly model: string
  readonly threads: number
  readonly engine: EngineName
  /** Versions and settings. */
  readonly about: string
  readonly promptLength: number
  readonly prefill: readonly number[]
  readonly decode: readonly number[]
  /** How busy other programs kept the machine before each round, 0 to 1. */
  readonly busy: readonly number[]
  /** Of the tokens that were written, how many are llama.cpp's too before the first that differs. */
  readonly sameTokens?: number | undefined
}

/** What is measured together, in alternation. */
export interface Setting {
  readonly model: string
  readonly options: EngineOptions
  readonly kinds: readonly (EngineKind & { readonly name: EngineName })[]
  readonly rounds: number
  /** Once an engine has been measured for so long, it is not measured again. */
  readonly seconds: number
}

/** An engine at work. */
interface Runner {
  readonly name: EngineName
  readonly process: EngineProcess
  readonly promptLength: number
  readonly samples: Sample[]
  readonly busy: number[]
}

/**
 * Measures engines alternately: all of them load the model and warm up, then each round measures one after the other,
 * while the others sleep. An engine that fails is reported and left out.
 */
export async function measureSetting(setting: Setting): Promise<Measurement[]> {
  const { model, options, kinds, rounds, seconds } = setting
  const runners: Runner[] = []
  try {
    for (const kind of kinds) {
      const runner = await orReport(kind.name, () => startRunner(kind, options))
      if (runner) runners.push(runner)
    }
    for (let round = 0; round < rounds; round++) {
      for (const runner of [...runners]) {
        if (spent(runner) > seconds) continue
        const measured = await orReport(runner.name, () => measureOnce(runner))
        if (measured) continue
        runners.splice(runners.indexOf(runner), 1)
        await runner.process.stop()
      }
    }
  } finally {
    for (const { process } of runners) await process.stop()
  }
  const theirs = runners.find(({ name }) => name === 'llama.cpp')?.samples[0]
  return runners.map(({ name, process, promptLength, samples, busy }) => ({
    model,
    threads: options.threads,
    engine: name,
    about: process.about,
    promptLength,
    prefill: samples.map(({ workload, prefillMs }) => (workload.promptLength / prefillMs) * 1000),
    decode: samples.map(({ workload, decodeMs }) => (workload.tokens / decodeMs) * 1000),
    busy,
    sameTokens: sameTokens(samples[0], theirs),
  }))
}

async function startRunner(kind: Setting['kinds'][number], options: EngineOptions): Promise<Runner> {
  const process = await EngineProcess.start(kind.script, { ...options, page: kind.page })
  try {
    const { prefillMs } = await process.measure(warmUp)
    const expected = (prefillMs / warmUp.promptLength) * workload.promptLength
    const promptLength = expected > longestPrefill ? shorterPromptLength : workload.promptLength
    return { name: kind.name, process, promptLength, samples: [], busy: [] }
  } catch (error) {
    await process.stop()
    throw error
  }
}

async function measureOnce({ process, promptLength, samples, busy }: Runner): Promise<true> {
  busy.push(await busyFraction())
  samples.push(await process.measure({ ...workload, promptLength }))
  return true
}

/** Seconds that a runner will have been measured for after one more round. */
function spent({ samples }: Runner): number {
  const ms = samples.reduce((sum, { prefillMs, decodeMs }) => sum + prefillMs + decodeMs, 0)
  return samples.length === 0 ? 0 : (ms * (samples.length + 1)) / samples.length / 1000
}

async function orReport<Result>(
  engine: EngineName,
  work: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await work()
  } catch (error) {
    console.error(`${engine} failed: ${error instanceof Error ? error.message : error}`)
    return undefined
  }
}

/** Undefined if the two did not read the same prompt, or do not tell what they wrote. */
function sameTokens(a: Sample | undefined, b: Sample | undefined): number | undefined {
  if (!a?.ids || !b?.ids || a.workload.promptLength !== b.workload.promptLength) return undefined
  const theirs = b.ids
  const differs = a.ids.findIndex((id, i) => id !== theirs[i])
  return differs === -1 ? a.ids.length : differs
}
