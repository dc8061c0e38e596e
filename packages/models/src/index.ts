export type { ArchitectureOptions, Layout, ModelConfig } from './architectures/architecture.ts'
export { supportedModelTypes } from './architectures/registry.ts'
export {
  type GgufContent,
  type GgufTensor,
  type GgufValue,
  writeGguf,
} from './checkpoint/formats/gguf/write-gguf.ts'
export {
  type Checkpoint,
  type CheckpointFormat,
  type HttpOptions,
  type MetadataValue,
  openCheckpoint,
  openSource,
  type RandomAccessFile,
  type Source,
  type SourceInput,
  type TensorInfo,
} from './checkpoint/index.ts'
export type { GenerationDefaults } from './config/index.ts'
export type { NllOptions } from './evaluate/nll.ts'
export { type ExportGgufOptions, exportGguf } from './export/export-gguf.ts'
export type { Completion } from './generate/complete.ts'
export type { GeneratedToken, GenerateOptions } from './generate/generate.ts'
export type { PrefillOptions } from './generate/prefill.ts'
export { inspectModel, type ModelSummary } from './model/inspect-model.ts'
export { type LoadModelOptions, loadModel } from './model/load-model.ts'
export {
  type ForwardOptions,
  type ForwardResult,
  type HiddenStates,
  Model,
  type ReloadOptions,
} from './model/model.ts'
export type { TokenIds } from './model/token-ids.ts'
export { type RandomModelOptions, randomModel, randomModelNames } from './random/random-model.ts'
export { State } from './state/state.ts'
export {
  createTokenizer,
  type DecodeOptions,
  type EncodeOptions,
  type Tokenizer,
  type TokenizerFiles,
  type TokenizerOptions,
  type TokenStream,
} from './tokenizer/index.ts'
export type { LoadProgress } from './weights/weight-reader.ts'
