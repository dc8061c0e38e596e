import { ConfigError } from '@mamba/core'
import { quote } from '../checkpoint/text.ts'

const MAX_SIZE = 2 ** 31

/**
 * Reads the values of a configuration, each checked. A key that is absent or null takes the default that is given,
 * and is an error where none is.
 */
export class ConfigReader {
  readonly #values: Readonly<Record<string, unknown>>
  readonly #file: string
  readonly #prefix: string

  /**
   * @param values a parsed config.json, or the metadata of a GGUF file
   * @param file names it in messages
   * @param prefix of its keys in messages: `ssm_cfg.`
   */
  constructor(values: Readonly<Record<string, unknown>>, file: string, prefix = '') {
    this.#values = values
    this.#file = file
    this.#prefix = prefix
  }

  /** Whether the key is there and not null. */
  has(key: string): boolean {
    return this.get(key) !== undefined
  }

  /** The value as it is; undefined if absent or null. */
  get(key: string): unknown {
    return Object.hasOwn(this.#values, key) ? (this.#values[key] ?? undefined) : undefined
  }

  /** A whole number from 1 to 2^31: a size. @throws ConfigError */
  size(key: string, fallback?: number): number {
    return this.#read(key, fallback, isSize, 'a whole number from 1 to 2^31')
  }

  /** A whole number from 0 to 2^31: a size that may be nothing, or an id. @throws ConfigError */
  wholeNumber(key: string, fallback?: number): number {
    return this.#read(key, fallback, isWholeNumber, 'a whole number from 0 to 2^31')
  }

  /** A finite number. @throws ConfigError */
  number(key: string, fallback?: number): number {
    return this.#read(key, fallback, isFiniteNumber, 'a finite number')
  }

  /** @throws ConfigError */
  boolean(key: string, fallback?: boolean): boolean {
    return this.#read(key, fallback, isBoolean, 'true or false')
  }

  /** @throws ConfigError */
  string(key: string, fallback?: string): string {
    return this.#read(key, fallback, isString, 'a string')
  }

  /** A list of whole numbers from 0 to 2^31. @throws ConfigError */
  wholeNumbers(key: string, fallback?: readonly number[]): readonly number[] {
    return this.#read(key, fallback, isWholeNumbers, 'a list of whole numbers from 0 to 2^31')
  }

  /** A pair [min, max], min <= max, either of which may be infinite, also as the string "Infinity". @throws ConfigError */
  range(key: string, fallback?: readonly [number, number]): readonly [min: number, max: number] {
    const value = this.get(key)
    const pair = Array.isArray(value) ? value.map(numberOf) : value
    if (pair === undefined && fallback) return fallback
    if (isRange(pair)) return pair
    throw this.error(key, 'a pair [min, max] with min <= max')
  }

  /** An object within this one; empty if absent. @throws ConfigError */
  object(key: string): ConfigReader {
    const values = this.#read(key, {}, isObject, 'an object')
    return new ConfigReader(values, this.#file, `${this.#prefix}${key}.`)
  }

  /** An error about a key: its file, name and value, and what was expected. */
  error(key: string, expected: string): ConfigError {
    const value = this.get(key)
    const got = typeof value === 'number' ? String(value) : quote(value)
    return new ConfigError(`${this.#file}: ${this.#prefix}${key} is ${got}; expected ${expected}`)
  }

  #read<T>(
    key: string,
    fallback: T | undefined,
    accepts: (value: unknown) => value is T,
    expected: string,
  ): T {
    const value = this.get(key) ?? fallback
    if (accepts(value)) return value
    throw this.error(key, expected)
  }
}

function isSize(value: unknown): value is number {
  return isWholeNumber(value) && value > 0
}

function isWholeNumber(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_SIZE
}

function isFiniteNumber(value: unknown): value is number {
  return Number.isFinite(value)
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean'
}

function isString(value: unknown): value is string {
  return typeof value === 'string'
}

function isWholeNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every(isWholeNumber)
}

function isRange(value: unknown): value is readonly [number, number] {
  return Array.isArray(value) && value.length === 2 && value[0] <= value[1]
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The number that an item stands for, NaN if none: some files write infinities as strings. */
function numberOf(value: unknown): number {
  if (value === 'Infinity') return Number.POSITIVE_INFINITY
  if (value === '-Infinity') return Number.NEGATIVE_INFINITY
  return typeof value === 'number' ? value : Number.NaN
}
