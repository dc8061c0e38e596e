import { CheckpointError } from '@mamba/core'
import { countAt, type JsonObject, listAt, objectAt } from './fields.ts'

/** The ids that a tokenizer puts around every text. */
interface SurroundingIds {
  readonly before: readonly number[]
  readonly after: readonly number[]
}

const NOTHING: SurroundingIds = { before: [], after: [] }

/**
 * Reads the field `post_processor` of tokenizer.json: what it puts before and after a single text.
 * (ByteLevel, as a post-processor, moves offsets only.)
 *
 * @throws CheckpointError if a type is unknown or a field is of the wrong kind
 */
export function readSurroundingIds(value: unknown, where: string): SurroundingIds {
  if (value === undefined || value === null) {
    return NOTHING
  }
  const json = objectAt(value, where)
  switch (json.type) {
    case 'ByteLevel':
      return NOTHING
    case 'TemplateProcessing':
      return readTemplate(json, where)
    case 'Sequence':
      return listAt(json.processors, `${where}.processors`)
        .map((item, i) => readSurroundingIds(item, `${where}.processors[${i}]`))
        .reduce(
          ({ before, after }, outer) => ({
            before: [...outer.before, ...before],
            after: [...after, ...outer.after],
          }),
          NOTHING,
        )
    default:
      throw new CheckpointError(
        `${where}.type is ${JSON.stringify(json.type)}; ` +
          'supported post-processors: ByteLevel, Sequence, TemplateProcessing',
      )
  }
}

/** `single` lists the text (`Sequence` A) and special tokens, whose ids stand in `special_tokens`. */
function readTemplate(json: JsonObject, where: string): SurroundingIds {
  const specials = objectAt(json.special_tokens, `${where}.special_tokens`)
  const before: number[] = []
  const after: number[] = []
  let side = before
  listAt(json.single, `${where}.single`).forEach((item, i) => {
    const piece = objectAt(item, `${where}.single[${i}]`)
    if (piece.Sequence !== undefined) {
      side = after
      return
    }
    const name = String(objectAt(piece.SpecialToken, `${where}.single[${i}].SpecialToken`).id)
    const special = objectAt(
      Object.hasOwn(specials, name) ? specials[name] : undefined,
      `${where}.special_tokens.${name}`,
    )
    const ids = listAt(special.ids, `${where}.special_tokens.${name}.ids`)
    side.push(...ids.map((id, k) => countAt(id, `${where}.special_tokens.${name}.ids[${k}]`)))
  })
  return { before, after }
}
