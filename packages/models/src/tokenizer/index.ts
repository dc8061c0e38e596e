export type { TokenStream } from './token-stream.ts'
export {
  createTokenizer,
  type DecodeOptions,
  type EncodeOptions,
  type Tokenizer,
  type TokenizerFiles,
  type TokenizerOptions,
} from './tokenizer.ts'
