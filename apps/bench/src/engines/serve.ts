import type { Engine, EngineOptions, Workload } from './engine.ts'

/** What a child process tells its parent. */
export type Answer<Result> = { readonly result: Result } | { readonly error: string }

/**
 * Runs an engine in this child process, started by `EngineProcess`: loads it with the options of the command line, says
 * what it is, then answers each workload with a sample.
 */
export async function serve(load: (options: EngineOptions) => Promise<Engine>): Promise<void> {
  let engine: Engine | undefined
  process.on('message', (workload: Workload) => answer(() => engine!.measure(workload)))
  process.on('disconnect', async () => {
    await engine?.close?.()
    process.exit()
  })
  await answer(async () => {
    engine = await load(JSON.parse(process.argv[2]!))
    return { about: engine.about }
  })
}

async function answer(work: () => Promise<unknown>): Promise<void> {
  try {
    send({ result: await work() })
  } catch (error) {
    send({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
}

function send(message: Answer<unknown>): void {
  process.send!(message)
}
