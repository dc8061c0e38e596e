import * as exported from '@huggingface/tokenizers'
import type { JsonObject } from './fields.ts'

/**
 * What is used of `@huggingface/tokenizers` 0.2.0. Its own declarations import each other without file
 * extensions, so TypeScript cannot read them under Node's module resolution.
 */
interface Library {
  readonly Tokenizer: new (tokenizer: JsonObject, config: JsonObject) => LibraryTokenizer
  /** Translates an Oniguruma expression when it is made; throws a SyntaxError where it cannot. */
  readonly SplitPreTokenizer: new (config: {
    readonly pattern: { readonly Regex: string }
  }) => {
    readonly pattern: RegExp
  }
}

/** Finds added tokens, normalises, pre-tokenises and merges. */
export interface LibraryTokenizer {
  encode(text: string): { readonly ids: number[] }
  /** `section_index` is 0 up to the first added token that is found before normalisation. */
  pre_tokenizer: (text: string, options: { readonly section_index: number }) => string[]
}

export const library = exported as unknown as Library
