import { MambaError, type MambaErrorName } from '@mamba/core'
import { expect } from 'vitest'

/**
 * Asserts that a call is refused, at once or where its result is read.
 * @param name kind of the error; undefined: any kind of ours
 * @param message part of the message
 */
export async function expectRefused(
  name: MambaErrorName | undefined,
  message: string,
  call: () => unknown,
): Promise<void> {
  let error: unknown
  try {
    await call()
  } catch (caught) {
    error = caught
  }
  if (!MambaError.is(error, name)) {
    expect.fail(`expected a ${name ?? 'MambaError'} with "${message}"; got ${error ?? 'no error'}`)
  }
  expect(error.message).toContain(message)
}
