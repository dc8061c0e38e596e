import { CheckpointError } from '@mamba/core'
import { objectAt, textAt } from './fields.ts'
import { library } from './library.ts'

/**
 * Compiles a pattern of tokenizer.json.
 *
 * Regular expressions there are Oniguruma's; `@huggingface/tokenizers` translates them: `\s` to Unicode
 * White_Space, possessive quantifiers, `(?i:…)` and character classes.
 *
 * @param value `{ String: literal }` or `{ Regex: expression }`
 * @returns with the flags g and u
 * @throws CheckpointError if it is neither, or an expression that JavaScript cannot express
 */
export function compilePattern(value: unknown, where: string): RegExp {
  const { String: literal, Regex: expression } = objectAt(value, where)
  if (literal !== undefined) {
    return new RegExp(escapePattern(textAt(literal, `${where}.String`)), 'gu')
  }
  return compileExpression(textAt(expression, `${where}.Regex`), `${where}.Regex`)
}

/** Compiles an Oniguruma expression: see {@link compilePattern}. */
export function compileExpression(expression: string, where: string): RegExp {
  try {
    return new library.SplitPreTokenizer({ pattern: { Regex: expression } }).pattern
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new CheckpointError(`${where} cannot be expressed in JavaScript: ${reason}`, { cause })
  }
}

function escapePattern(literal: string): string {
  return literal.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}
