/** What an engine is started with. */
export interface EngineOptions {
  /** Path of a GGUF file. */
  readonly modelPath: string
  readonly threads: number
  /** Number of ids that a prompt may have. */
  readonly vocabSize: number
}

/** What is run and timed: a prompt is read, then tokens are generated greedily, one by one. */
export interface Workload {
  readonly promptLength: number
  /** Tokens after the first one, which the prompt's logits give. */
  readonly tokens: number
}

/** One timed run of a {@link Workload}. */
export interface Sample {
  readonly workload: Workload
  /** From the call until the first token is there. */
  readonly prefillMs: number
  /** From the first token until the last one. */
  readonly decodeMs: number
  /** Ids of all tokens, the first one included; undefined if the engine does not tell. */
  readonly ids?: readonly number[] | undefined
}

/** A loaded model, ready to be measured. */
export interface Engine {
  /** Versions and settings, for the report. */
  readonly about: string
  /** Runs a workload from an empty state. */
  measure(workload: Workload): Promise<Sample>
  /** Ends what would outlive the process. */
  close?(): Promise<void>
}

/** Ids of a prompt. Any will do: the work does not depend on them. */
export function promptIds({ promptLength }: Workload, vocabSize: number): number[] {
  return Array.from({ length: promptLength }, (_, i) => (i * 7919) % vocabSize)
}

/**
 * Times a stream of generated ids.
 * @param generated ids, the first of which comes when the prompt has been read
 * @throws Error if the stream ends early
 */
export async function timeTokens(workload: Workload, generated: AsyncIterable<number>): Promise<Sample> {
  const ids: number[] = []
  const start = performance.now()
  let first = start
  let last = start
  for await (const id of generated) {
    last = performance.now()
    if (ids.length === 0) first = last
    ids.push(id)
    if (ids.length > workload.tokens) break
  }
  if (ids.length <= workload.tokens) {
    throw new Error(`the engine ended after ${ids.length} of ${workload.tokens + 1} tokens`)
  }
  return { workload, prefillMs: first - start, decodeMs: last - first, ids }
}
