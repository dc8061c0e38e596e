/** What the page asks of the worker. */
export type Request = StartRequest | WriteRequest | { readonly type: 'stop' }

/** To load the model; comes first, and once. */
export interface StartRequest {
  readonly type: 'start'
  /** `webgpu`, `wasm`, `cpu`, or `auto`: the first that works here. */
  readonly backend: string
  /** Address of the checkpoint. */
  readonly source: string
}

/** To write a story, in place of the one that is being written. */
export interface WriteRequest {
  readonly type: 'write'
  readonly prompt: string
  /** 0: always the likeliest token. */
  readonly temperature: number
  readonly seed: number
  readonly maxTokens: number
}

/** What the worker tells the page. */
export type Report =
  | { readonly type: 'loading'; readonly loadedBytes: number; readonly totalBytes: number }
  | { readonly type: 'ready'; readonly backend: string; readonly device: string }
  | ({ readonly type: 'text'; readonly text: string } & Pace)
  | ({ readonly type: 'done'; readonly reason: 'stop' | 'length' | 'stopped' } & Pace)
  /** If `isFinal`, nothing more can be written. */
  | { readonly type: 'error'; readonly message: string; readonly isFinal: boolean }

/** How far a story is. */
export interface Pace {
  readonly tokens: number
  /** Without the reading of the prompt; undefined before the second token. */
  readonly tokensPerSecond: number | undefined
}
