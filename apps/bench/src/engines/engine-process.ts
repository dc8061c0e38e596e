import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { EngineOptions, Sample, Workload } from './engine.ts'
import type { Answer } from './serve.ts'

/** How long one answer may take, in milliseconds. */
const TIMEOUT = 600_000

/** An engine in a child process of its own, so that neither memory nor threads are shared with another. */
export class EngineProcess {
  readonly about: string
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, about: string) {
    this.#child = child
    this.about = about
  }

  /**
   * Starts an engine and waits until its model is loaded.
   * @param script one that calls `serve`, relative to this package
   * @throws Error with what the child said
   */
  static async start(script: string, options: EngineOptions & { readonly page?: string | undefined }) {
    const child = fork(new URL(`../../${script}`, import.meta.url), [JSON.stringify(options)], {
      execArgv: ['--conditions=@mamba/source', '--experimental-import-meta-resolve', '--no-warnings'],
      // What engines print must not get between the lines of the parent, except errors.
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      cwd: fileURLToPath(new URL('../../', import.meta.url)),
    })
    try {
      const { about } = await nextAnswer<{ about: string }>(child)
      return new EngineProcess(child, about)
    } catch (error) {
      child.kill()
      throw error
    }
  }

  /** Runs a workload once. @throws Error if the engine fails, ends, or does not answer */
  measure(workload: Workload): Promise<Sample> {
    const sample = nextAnswer<Sample>(this.#child)
    this.#child.send(workload)
    return sample
  }

  /** Ends the process and waits until it is gone. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.disconnect()
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5_000)
    await ended
    clearTimeout(timer)
  }
}

function nextAnswer<Result>(child: ChildProcess): Promise<Result> {
  return new Promise((resolve, reject) => {
    const onMessage = (answer: Answer<Result>) =>
      settle(() => ('result' in answer ? resolve(answer.result) : reject(new Error(answer.error))))
    const onExit = (code: number | null, signal: string | null) =>
      settle(() => reject(new Error(`the engine's process ended (${signal ?? code})`)))
    const timer = setTimeout(
      () => settle(() => reject(new Error(`no answer for ${TIMEOUT / 1000} s`))),
      TIMEOUT,
    )
    function settle(end: () => void) {
      clearTimeout(timer)
      child.off('message', onMessage).off('exit', onExit)
      end()
    }
    child.on('message', onMessage).on('exit', onExit)
  })
}
