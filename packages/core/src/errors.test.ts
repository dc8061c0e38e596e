import { describe, expect, test, vi } from 'vitest'
import {
  CheckpointError,
  ConfigError,
  DeviceError,
  DTypeError,
  KernelError,
  MambaError,
  type MambaErrorName,
  ShapeError,
} from './errors.ts'

type ErrorClass = new (message: string, options?: { cause?: unknown }) => MambaError

const classes: readonly [MambaErrorName, ErrorClass][] = [
  ['ShapeError', ShapeError],
  ['DTypeError', DTypeError],
  ['ConfigError', ConfigError],
  ['CheckpointError', CheckpointError],
  ['DeviceError', DeviceError],
  ['KernelError', KernelError],
]

describe.each(classes)('%s', (name, Class) => {
  test('is an Error with its name, message and cause', () => {
    const cause = new RangeError('inner')
    const error = new Class('outer', { cause })
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({ name, message: 'outer', cause })
    expect(String(error)).toBe(`${name}: outer`)
  })

  test('is recognised, as itself and as nothing else', () => {
    const error = new Class('message')
    expect(MambaError.is(error)).toBe(true)
    for (const [other] of classes) expect(MambaError.is(error, other)).toBe(other === name)
  })

  test('is recognised by another copy of this package', async () => {
    vi.resetModules()
    const copy = await import('./errors.ts')
    expect(copy.MambaError).not.toBe(MambaError)
    const error = new Class('message')
    expect(error).not.toBeInstanceOf(copy.MambaError)
    expect(copy.MambaError.is(error, name)).toBe(true)
  })
})

test.each([
  new Error('other'),
  Object.assign(new Error('named alike'), { name: 'ShapeError' }),
  { name: 'ShapeError', [Symbol.for('@mamba/core/error')]: true },
  'ShapeError',
  null,
  undefined,
])('%o is not one of ours', (value) => {
  expect(MambaError.is(value)).toBe(false)
})
