import { MambaError, type MambaErrorName } from '@mamba/core'
import { expect } from 'vitest'

/** Asserts that something fails with an error of this kind whose message has these parts. */
export async function expectError(
  run: Promise<unknown> | (() => unknown),
  kind: MambaErrorName,
  ...parts: readonly string[]
): Promise<void> {
  const error = await errorOf(run)
  expect(MambaError.is(error, kind), `a ${kind}, not ${String(error)}`).toBe(true)
  for (const part of parts) expect((error as Error).message).toContain(part)
}

async function errorOf(run: Promise<unknown> | (() => unknown)): Promise<unknown> {
  try {
    await (typeof run === 'function' ? run() : run)
  } catch (error) {
    return error
  }
  return 'nothing was thrown'
}
