import { CheckpointError } from '@mamba/core'
import { BYTE_TO_CHAR } from './byte-alphabet.ts'
import { choiceAt, flagAt, type JsonObject, listAt, objectAt, textAt } from './fields.ts'
import { compileExpression, compilePattern } from './pattern.ts'
import { SPLIT_BEHAVIORS, type SplitRule, splitBy } from './split.ts'

/**
 * Cuts normalised text into the pieces that BPE merges separately.
 * @param isFirst whether the text is the beginning of the whole text
 */
type PreTokenizer = (text: string, isFirst: boolean) => string[]

/** The word pattern of GPT-2 (`encoder.py`), which the pre-tokenizer ByteLevel applies by default. */
const GPT2_WORDS = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
/** Unicode punctuation, and what ASCII has besides: `$+<=>^\`|~`. */
const PUNCTUATION = /[\p{P}$+<=>^`|~]/gu
/** A word as the Rust crate `regex` sees it (`\w+`), or a run of what is neither word nor white space. */
const WORD_OR_SYMBOLS =
  /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}\p{White_Space}]+/gu

const TYPES = [
  'Sequence',
  'ByteLevel',
  'Split',
  'Digits',
  'Punctuation',
  'Whitespace',
  'WhitespaceSplit',
  'Metaspace',
]

/**
 * Reads the field `pre_tokenizer` of tokenizer.json.
 *
 * They are written here, and not taken from `@huggingface/tokenizers` 0.2.0, because there ByteLevel,
 * Whitespace and WhitespaceSplit use the `\s` of JavaScript (which has U+FEFF and lacks U+0085), Digits
 * knows ASCII digits only, Punctuation and Split ignore most behaviours, and Metaspace never splits.
 *
 * @throws CheckpointError if a type is unknown or a field is of the wrong kind
 */
export function createPreTokenizer(value: unknown, where: string): PreTokenizer {
  if (value === undefined || value === null) {
    return (text) => [text]
  }
  const json = objectAt(value, where)
  switch (json.type) {
    case 'Sequence':
      return sequence(
        listAt(json.pretokenizers, `${where}.pretokenizers`).map((item, i) =>
          createPreTokenizer(item, `${where}.pretokenizers[${i}]`),
        ),
      )
    case 'ByteLevel':
      return byteLevel(json, where)
    case 'Split':
      return splitter({
        pattern: compilePattern(json.pattern, `${where}.pattern`),
        behavior: choiceAt(json.behavior, `${where}.behavior`, SPLIT_BEHAVIORS),
        invert: flagAt(json.invert, `${where}.invert`, false),
      })
    case 'Digits': {
      const single = flagAt(json.individual_digits, `${where}.individual_digits`, false)
      return splitter({ pattern: /\p{N}/gu, behavior: single ? 'Isolated' : 'Contiguous', invert: false })
    }
    case 'Punctuation':
      return splitter({
        pattern: PUNCTUATION,
        behavior: choiceAt(json.behavior ?? 'Isolated', `${where}.behavior`, SPLIT_BEHAVIORS),
        invert: false,
      })
    case 'Whitespace':
      return splitter({ pattern: WORD_OR_SYMBOLS, behavior: 'Removed', invert: true })
    case 'WhitespaceSplit':
      return splitter({ pattern: /\p{White_Space}/gu, behavior: 'Removed', invert: false })
    case 'Metaspace':
      return metaspace(json, where)
    default:
      throw new CheckpointError(
        `${where}.type is ${JSON.stringify(json.type)}; supported pre-tokenizers: ${TYPES.join(', ')}`,
      )
  }
}

function sequence(steps: readonly PreTokenizer[]): PreTokenizer {
  return (text, isFirst) =>
    steps.reduce((pieces, step) => pieces.flatMap((piece, i) => step(piece, isFirst && i === 0)), [text])
}

function splitter(rule: SplitRule): PreTokenizer {
  return (text) => splitBy(text, rule)
}

/** Writes the text in the byte alphabet, by default after splitting it into words. */
function byteLevel(json: JsonObject, where: string): PreTokenizer {
  const addsSpace = flagAt(json.add_prefix_space, `${where}.add_prefix_space`, false)
  const pattern = flagAt(json.use_regex, `${where}.use_regex`, true)
    ? compileExpression(GPT2_WORDS, where)
    : undefined
  const encoder = new TextEncoder()

  return (text) => {
    const spaced = addsSpace && !text.startsWith(' ') ? ` ${text}` : text
    const words =
      pattern === undefined ? [spaced] : splitBy(spaced, { pattern, behavior: 'Isolated', invert: false })
    return words.map((word) => {
      let written = ''
      for (const byte of encoder.encode(word)) {
        written += BYTE_TO_CHAR[byte]
      }
      return written
    })
  }
}

/** Writes spaces as the replacement (`▁`), one more in front by the scheme, and by default splits before each. */
function metaspace(json: JsonObject, where: string): PreTokenizer {
  const replacement = textAt(json.replacement, `${where}.replacement`)
  const scheme = prependScheme(json, where)
  const rule: SplitRule = {
    pattern: compilePattern({ String: replacement }, `${where}.replacement`),
    behavior: 'MergedWithNext',
    invert: false,
  }
  const splits = flagAt(json.split, `${where}.split`, true)

  return (text, isFirst) => {
    const written = text.replaceAll(' ', () => replacement)
    const prepends =
      (scheme === 'always' || (scheme === 'first' && isFirst)) && !written.startsWith(replacement)
    const whole = prepends ? replacement + written : written
    return splits ? splitBy(whole, rule) : [whole]
  }
}

/** When Metaspace prepends; files from before `prepend_scheme` say `add_prefix_space: false` for 'never'. */
export function prependScheme(json: JsonObject, where: string): 'always' | 'first' | 'never' {
  if (json.prepend_scheme === undefined) {
    return flagAt(json.add_prefix_space, `${where}.add_prefix_space`, true) ? 'always' : 'never'
  }
  return choiceAt(json.prepend_scheme, `${where}.prepend_scheme`, ['always', 'first', 'never'])
}
