import { CheckpointError } from '@mamba/core'
import { contentAt, type JsonObject, listAt, objectAt, textAt } from './fields.ts'
import { compilePattern } from './pattern.ts'

const TYPES = ['NFC', 'NFD', 'NFKC', 'NFKD', 'Prepend', 'Replace', 'Sequence']

/**
 * Checks the field `normalizer` of tokenizer.json and writes it as `@huggingface/tokenizers` 0.2.0 needs it:
 * there the content of Replace is a JavaScript replacement string, in which `$` is special.
 *
 * @returns the field for that library; null where there is none
 * @throws CheckpointError if a type is unknown or a field is of the wrong kind
 */
export function checkNormalizer(value: unknown, where: string): JsonObject | null {
  if (value === undefined || value === null) {
    return null
  }
  const json = objectAt(value, where)
  switch (json.type) {
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD':
      return json
    case 'Prepend':
      return { type: 'Prepend', prepend: textAt(json.prepend, `${where}.prepend`) }
    case 'Replace':
      compilePattern(json.pattern, `${where}.pattern`)
      return { ...json, content: contentAt(json.content, `${where}.content`).replaceAll('$', '$$$$') }
    case 'Sequence':
      return {
        type: 'Sequence',
        normalizers: listAt(json.normalizers, `${where}.normalizers`).map((item, i) =>
          checkNormalizer(item, `${where}.normalizers[${i}]`),
        ),
      }
    default:
      throw new CheckpointError(
        `${where}.type is ${JSON.stringify(json.type)}; supported normalizers: ${TYPES.join(', ')}`,
      )
  }
}
