import { MambaError, resolveSampling, type SamplingOptions } from '@mamba/core'
import { InvalidArgumentError } from 'commander'

/**
 * Makes a reader of whole numbers for an option's argument.
 * @throws InvalidArgumentError from the reader, to which commander adds the option's name
 */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = toNumber(text)
    if (Number.isSafeInteger(value) && value >= least) return value
    throw new InvalidArgumentError(`Expected a whole number of at least ${least}.`)
  }
}

/**
 * Makes a reader of a sampling option's argument; what it may be is up to the library.
 * @throws InvalidArgumentError from the reader, to which commander adds the option's name
 */
export function samplingNumber(name: keyof SamplingOptions): (text: string) => number {
  return (text) => {
    const value = toNumber(text)
    try {
      resolveSampling({ [name]: value })
    } catch (error) {
      if (!MambaError.is(error, 'ConfigError')) throw error
      throw new InvalidArgumentError(`${error.message}.`)
    }
    return value
  }
}

/** Gathers the arguments of an option that is given several times. */
export function collect(text: string, before: readonly string[] = []): readonly string[] {
  if (text === '') throw new InvalidArgumentError('Expected some text.')
  return [...before, text]
}

/** NaN unless all of it is a number. */
function toNumber(text: string): number {
  return text.trim() === '' ? Number.NaN : Number(text)
}
