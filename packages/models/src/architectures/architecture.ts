import type { Ops, Tensor } from '@mamba/core'
import type { ConfigReader } from '../config/index.ts'
import type { WeightReader } from '../weights/weight-reader.ts'

/** Who wrote the checkpoint, where conventions differ: Hugging Face, the official state-spaces repository, or GGUF. */
export type Layout = 'huggingface' | 'official' | 'gguf'

/** What is known of every model, whatever its architecture. */
export interface ModelConfig {
  /** As in `config.json`, such as `mamba2`. */
  readonly modelType: string
  readonly dModel: number
  readonly nLayers: number
  /** Ids that are part of the vocabulary; the rows of the embedding can be more, for padding. */
  readonly vocabSize: number
  /** Rows of the embedding and of the output head. */
  readonly paddedVocabSize: number
}

/** The recurrent tensors of one layer, by name. */
export type LayerState = Readonly<Record<string, Tensor>>

/** Shapes of the recurrent tensors of one layer, without the batch axis. */
export type LayerStateShapes = Readonly<Record<string, readonly number[]>>

/** Receives the residual stream on its way. */
export interface Trace {
  /** The embedding's output, (batch, length, dModel). */
  embedding?(x: Tensor): void
  /** The residual stream after a layer, (batch, length, dModel). */
  layer?(index: number, x: Tensor): void
}

/** How the blocks of a family of models are put together, and what its tensors are called. */
export interface Architecture<Config extends ModelConfig = ModelConfig, Weights = unknown> {
  /** The `model_type`s that it runs. */
  readonly modelTypes: readonly string[]

  /** Reads and checks `config.json`. @throws ConfigError */
  config(raw: ConfigReader, layout: Layout, options: ArchitectureOptions): Config

  /** Declares all weights. @throws CheckpointError */
  weights(reader: WeightReader, config: Config): Weights

  /** What each layer remembers. */
  state(config: Config): readonly LayerStateShapes[]

  /**
   * From ids to the hidden states that the head reads.
   * @param ids (batch, length), i32
   * @param state per layer, updated in place
   * @returns (batch, length, dModel), after the final norm
   */
  forward(
    ops: Ops,
    config: Config,
    weights: Weights,
    state: readonly LayerState[],
    ids: Tensor,
    trace?: Trace,
  ): Tensor

  /** From hidden states to logits, (batch, length, paddedVocabSize). */
  logits(ops: Ops, config: Config, weights: Weights, hidden: Tensor): Tensor
}

/** Choices that no checkpoint states and about which the reference implementations disagree. */
export interface ArchitectureOptions {
  /**
   * Mamba-2 with several groups: whether the gated norm takes all channels together (`whole`: Hugging Face's class)
   * or those of each group (`grouped`: the official code and llama.cpp). Default: as the checkpoint's layout has it.
   */
  readonly mamba2Norm?: 'whole' | 'grouped'
}
