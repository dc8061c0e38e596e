import { type Backend, CheckpointError, ConfigError, type Tensor } from '@mamba/core'
import type { Architecture, LayerStateShapes, ModelConfig } from '../architectures/architecture.ts'
import type { GenerationDefaults } from '../config/generation-config.ts'
import { type NllOptions, nll } from '../evaluate/nll.ts'
import { type Completion, complete } from '../generate/complete.ts'
import { type GeneratedToken, type GenerateOptions, generate } from '../generate/generate.ts'
import { type PrefillOptions, prefill } from '../generate/prefill.ts'
import { State } from '../state/state.ts'
import type { Tokenizer } from '../tokenizer/index.ts'
import type { LoadProgress } from '../weights/weight-reader.ts'
import { type TokenIds, toBatch } from './token-ids.ts'

/** What is read of a model's files. */
export interface ModelParts<Config extends ModelConfig = ModelConfig, Weights = unknown> {
  readonly architecture: Architecture<Config, Weights>
  readonly config: Config
  readonly weights: Weights
  /** Every tensor of the weights, by its name in the checkpoint. */
  readonly tensors: ReadonlyMap<string, Tensor>
  /** Hash that identifies the model: weights and configuration. */
  readonly id: string
  readonly tokenizer: Tokenizer | undefined
  readonly generationDefaults: GenerationDefaults
}

/** What {@link Model} is made of; `loadModel` makes it. */
export interface ModelInit extends ModelParts {
  readonly backend: Backend
  /** Reads the files again; none if nothing that is on the backend can be lost. */
  readonly reload: ((options: ReloadOptions) => Promise<ModelParts>) | undefined
}

/** How the loading of a model is watched and stopped. */
export interface ReloadOptions {
  /** Called after each tensor. */
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** What {@link Model.forward} computes, and on what. */
export interface ForwardOptions {
  /** The past, updated in place. Default: none, and what is read is forgotten afterwards. */
  readonly state?: State | undefined
  /** Which positions get logits: the last one (default) or all. */
  readonly logits?: 'last' | 'all' | undefined
  /** Whether the residual stream is returned too. Default false. */
  readonly hiddenStates?: boolean | undefined
}

/** The residual stream on its way through a model, (batch, length, dModel) each. */
export interface HiddenStates {
  /** The embedding's output. */
  readonly embedding: Tensor
  /** After each layer. */
  readonly layers: readonly Tensor[]
  /** After the final norm: what the output head reads. */
  readonly final: Tensor
}

/** What {@link Model.forward} returns. Its tensors are the caller's to destroy. */
export interface ForwardResult {
  /** (batch, 1 or length, paddedVocabSize). Ids from `config.vocabSize` on are padding: their logits mean nothing. */
  readonly logits: Tensor
  /** If asked for. */
  readonly hiddenStates: HiddenStates | undefined
}

/** A language model on a backend, ready to run. */
export class Model {
  readonly config: ModelConfig
  readonly backend: Backend
  /** Undefined if the checkpoint came without tokenizer.json: such a model takes ids. */
  readonly tokenizer: Tokenizer | undefined
  /** Hash that identifies the model, its weights and its configuration: a saved state names it. */
  readonly id: string
  /** What the checkpoint's authors suggest for generation, and the ids that end a text. */
  readonly generationDefaults: GenerationDefaults
  /** Shapes of the recurrent tensors of each layer, without the batch axis. */
  readonly stateShapes: readonly LayerStateShapes[]
  #init: ModelInit
  #reloading: Promise<void> | undefined

  constructor(init: ModelInit) {
    this.#init = init
    this.config = init.config
    this.backend = init.backend
    this.tokenizer = init.tokenizer
    this.id = init.id
    this.generationDefaults = init.generationDefaults
    this.stateShapes = init.architecture.state(init.config)
  }

  /** Every tensor of the weights, by its name in the checkpoint. */
  get tensors(): ReadonlyMap<string, Tensor> {
    return this.#init.tensors
  }

  /** Number of ids that can be sampled: the vocabulary without its padding, as far as the tokenizer knows it. */
  get vocabSize(): number {
    return Math.min(this.config.vocabSize, this.tokenizer?.vocabSize ?? Number.POSITIVE_INFINITY)
  }

  /** The state before the first token. @throws ShapeError if `batch` is not a positive integer */
  createState({ batch = 1 }: { readonly batch?: number } = {}): State {
    return State.create(this, batch)
  }

  /**
   * A state from the bytes that `state.save()` gave.
   * @throws CheckpointError if they are damaged; ShapeError if they belong to another model
   */
  loadState(bytes: Uint8Array): Promise<State> {
    return State.load(this, bytes)
  }

  /**
   * Reads ids and computes logits: one pass over all positions. For a long prompt use {@link prefill}, whose memory
   * does not grow with its length.
   * @param ids of one sequence, or of several of equal length
   * @throws ShapeError if an id is outside the vocabulary, there is none, or the state is another model's
   */
  forward(
    ids: TokenIds,
    { state, logits = 'last', hiddenStates = false }: ForwardOptions = {},
  ): ForwardResult {
    const { data, batch, length } = toBatch(ids, this.config.vocabSize)
    state?.expectFits(this, batch)
    const past = state ?? this.createState({ batch })
    try {
      using onDevice = this.backend.tensor(data, [batch, length], 'i32')
      const result = this.step(onDevice, past, { logits, hiddenStates })
      past.position += length
      return result
    } finally {
      if (!state) past.destroy()
    }
  }

  /**
   * Reads ids into a state, in chunks, and computes the logits of the last position.
   * @returns (batch, 1, paddedVocabSize)
   */
  prefill(ids: TokenIds, options: PrefillOptions): Promise<Tensor> {
    return prefill(this, ids, options)
  }

  /**
   * Negative log-likelihood of every token but the first, given those before it, in nats.
   * @returns (batch, length − 1)
   */
  nll(ids: TokenIds, options?: NllOptions): Promise<Float32Array> {
    return nll(this, ids, options)
  }

  /** Continues a prompt, token by token. See {@link GenerateOptions}. */
  generate(
    prompt: string | readonly number[],
    options?: GenerateOptions,
  ): AsyncGenerator<GeneratedToken, void> {
    return generate(this, prompt, options)
  }

  /** Continues a prompt and returns the whole continuation. */
  complete(
    prompt: string | readonly number[],
    options?: GenerateOptions & { readonly onToken?: (token: GeneratedToken) => void },
  ): Promise<Completion> {
    return complete(this, prompt, options)
  }

  /**
   * Loads the weights again from where they came from: after `backend.recover()`, or after {@link dispose}. States that
   * were lost with them come from what was saved: {@link loadState}. Does nothing while the weights are there.
   * @throws as `loadModel`, and CheckpointError if the files hold other weights now; it can be tried again then
   * @throws ConfigError if they were disposed of on a backend that cannot lose them: their source is not kept then
   */
  reload(options: ReloadOptions = {}): Promise<void> {
    this.#reloading ??= this.#reload(options).finally(() => {
      this.#reloading = undefined
    })
    return this.#reloading
  }

  /** Frees the weights. States and tensors that were made of it are freed on their own; the backend stays. */
  dispose(): void {
    for (const tensor of this.tensors.values()) tensor.destroy()
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  /**
   * What {@link forward} does, for ids that lie on the device: a step that `backend.capture` can record.
   * @param ids (batch, length), i32; they are not checked
   * @param state its tensors are updated in place, but not its `position`: whoever runs the step counts
   */
  step(
    ids: Tensor,
    state: State,
    { logits: wanted = 'last', hiddenStates = false }: Omit<ForwardOptions, 'state'> = {},
  ): ForwardResult {
    const { architecture, config, weights, backend } = this.#init
    const { ops } = backend
    return ops.scope(() => {
      const layers: Tensor[] = []
      let embedding: Tensor | undefined
      const trace = {
        embedding: (x: Tensor) => {
          embedding = x
        },
        layer: (_index: number, x: Tensor) => layers.push(x),
      }
      const final = architecture.forward(
        ops,
        config,
        weights,
        state.layers,
        ids,
        hiddenStates ? trace : undefined,
      )
      const length = ids.shape[1]!
      const read = wanted === 'last' && length > 1 ? ops.positions(final, length - 1, length) : final
      const logits = architecture.logits(ops, config, weights, read)
      return { logits, hiddenStates: embedding && { embedding, layers, final } }
    })
  }

  async #reload(options: ReloadOptions): Promise<void> {
    const { backend, reload } = this.#init
    if (Array.from(this.tensors.values()).every(({ storage }) => !storage.destroyed)) return
    if (!reload) {
      throw new ConfigError(
        `reload: where the weights came from is not kept, as the ${backend.name} backend cannot lose them; use loadModel`,
      )
    }
    this.dispose()
    const { id, weights, tensors } = await reload(options)
    if (id !== this.id) {
      for (const tensor of tensors.values()) tensor.destroy()
      throw new CheckpointError(
        `reload: the files are those of the model ${id} now, and were those of ${this.id}`,
      )
    }
    this.#init = { ...this.#init, weights, tensors }
  }
}
