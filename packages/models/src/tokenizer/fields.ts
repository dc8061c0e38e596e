import { CheckpointError } from '@mamba/core'

/** A JSON object whose fields have not been looked at yet. */
export type JsonObject = { readonly [key: string]: unknown }

/** One more than the largest token id that is accepted, so that a damaged id cannot ask for gigabytes. */
const ID_LIMIT = 2 ** 24

/**
 * Readers of JSON that nobody has checked. `where` names the file and the path inside it
 * (`tokenizer.json: model.vocab`) and opens the message of the CheckpointError.
 *
 * @throws CheckpointError if the value is not of the kind that the function's name says
 */
export function objectAt(value: unknown, where: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrongKind(value, where, 'an object')
  }
  return value as JsonObject
}

/** A list; see {@link objectAt}. */
export function listAt(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) {
    throw wrongKind(value, where, 'a list')
  }
  return value
}

/** A string that is not empty; see {@link objectAt}. */
export function textAt(value: unknown, where: string): string {
  if (typeof value !== 'string' || value === '') {
    throw wrongKind(value, where, 'a string that is not empty')
  }
  return value
}

/** A string that may be empty, such as what a match is replaced by; see {@link objectAt}. */
export function contentAt(value: unknown, where: string): string {
  return value === '' ? value : textAt(value, where)
}

/** A boolean, `byDefault` where the field is absent or null; see {@link objectAt}. */
export function flagAt(value: unknown, where: string, byDefault: boolean): boolean {
  if (value === undefined || value === null) {
    return byDefault
  }
  if (typeof value !== 'boolean') {
    throw wrongKind(value, where, 'true or false')
  }
  return value
}

/** A whole number that is not negative and small enough to be a token id; see {@link objectAt}. */
export function countAt(value: unknown, where: string): number {
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) >= ID_LIMIT) {
    throw wrongKind(value, where, `a whole number from 0 to ${ID_LIMIT - 1}`)
  }
  return value as number
}

/** One of `choices`, compared without case; see {@link objectAt}. */
export function choiceAt<const T extends string>(value: unknown, where: string, choices: readonly T[]): T {
  const choice = choices.find(
    (name) => typeof value === 'string' && name.toLowerCase() === value.toLowerCase(),
  )
  if (choice === undefined) {
    throw new CheckpointError(`${where} is ${describe(value)}; supported: ${choices.join(', ')}`)
  }
  return choice
}

function wrongKind(value: unknown, where: string, expected: string): CheckpointError {
  return new CheckpointError(`${where} is ${describe(value)}; expected ${expected}: get the file again`)
}

function describe(value: unknown): string {
  if (value === undefined) {
    return 'missing'
  }
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
