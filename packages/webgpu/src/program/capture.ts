import type { Program } from '@mamba/core'
import type { Context } from '../context.ts'

/** `Backend.capture`. */
export function capture<T>(_context: Context, _fn: () => T): Program<T> {
  throw new Error('not yet')
}
