import { ConfigError } from '@mamba/core'
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '../checkpoint/json.ts'

const FLOATS: ReadonlyMap<JsonValue, number> = new Map<JsonValue, number>([
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  ['NaN', Number.NaN],
])

/**
 * Reads a config.json. Infinity is accepted as Python's json writes it (a bare word) and as newer transformers do
 * (`{"__float__": "Infinity"}`); the string "Infinity" stays a string, which {@link ConfigReader} takes for a number.
 * @param file names the file in messages
 * @throws ConfigError if it is not a JSON object, with line and column
 */
export function parseConfigJson(text: string, file: string): JsonObject {
  const fail = (problem: string) => new ConfigError(`${file}: ${problem}`)
  const config = parseJson(text, { fail, nonFinite: true })
  if (!isJsonObject(config)) throw fail('is not a JSON object')
  return withFloats(config) as JsonObject
}

function withFloats(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withFloats)
  if (!isJsonObject(value)) return value
  const float = FLOATS.get(value.__float__ ?? null)
  if (float !== undefined) return float
  const object: Record<string, JsonValue> = Object.create(null)
  for (const [key, entry] of Object.entries(value)) object[key] = withFloats(entry)
  return object
}
