import { CheckpointError } from '@mamba/core'
import {
  byteFallback,
  byteLevel,
  fuse,
  joinWithSpaces,
  metaspace,
  replace,
  type Stage,
  strip,
} from './decoder-stages.ts'
import { contentAt, countAt, listAt, objectAt, textAt } from './fields.ts'
import { compilePattern } from './pattern.ts'
import { prependScheme } from './pre-tokenizer.ts'

const TYPES = ['ByteLevel', 'ByteFallback', 'Fuse', 'Metaspace', 'Replace', 'Sequence', 'Strip']

/**
 * Reads the field `decoder` of tokenizer.json.
 *
 * Decoders are written here, and not taken from `@huggingface/tokenizers` 0.2.0, for two reasons. Those only
 * decode a whole list, so streaming would decode everything again at each token. And they differ from the
 * Rust library: in ByteFallback (a run that is not valid UTF-8; a byte-order mark), Metaspace (several
 * replacements in the first token; the scheme 'never') and ByteLevel (tokens outside the byte alphabet).
 *
 * @throws CheckpointError if a type is unknown or a field is of the wrong kind
 */
export function createDecoder(value: unknown, where: string): Stage {
  if (value === undefined || value === null) {
    return joinWithSpaces()
  }
  const json = objectAt(value, where)
  switch (json.type) {
    case 'Sequence': {
      const stages = listAt(json.decoders, `${where}.decoders`).map((item, i) =>
        createDecoder(objectAt(item, `${where}.decoders[${i}]`), `${where}.decoders[${i}]`),
      )
      return (next) => stages.reduceRight((sink, stage) => stage(sink), next)
    }
    case 'ByteLevel':
      return byteLevel()
    case 'ByteFallback':
      return byteFallback()
    case 'Fuse':
      return fuse()
    case 'Metaspace':
      return metaspace(
        textAt(json.replacement, `${where}.replacement`),
        prependScheme(json, where) !== 'never',
      )
    case 'Replace':
      return replace(
        compilePattern(json.pattern, `${where}.pattern`),
        contentAt(json.content, `${where}.content`),
      )
    case 'Strip':
      return strip(
        textAt(json.content, `${where}.content`),
        countAt(json.start, `${where}.start`),
        countAt(json.stop, `${where}.stop`),
      )
    default:
      throw new CheckpointError(
        `${where}.type is ${JSON.stringify(json.type)}; supported decoders: ${TYPES.join(', ')}`,
      )
  }
}
