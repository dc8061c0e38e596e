import { quote } from './text.ts'

/** What JSON holds. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject

/** An object of JSON; `__proto__` is a key like any other. */
export interface JsonObject {
  readonly [key: string]: JsonValue
}

/** How JSON is read. */
export interface JsonOptions {
  /** Makes the error from what is wrong and where. */
  readonly fail: (message: string) => Error
  /** Whether the bare words Infinity, -Infinity and NaN are numbers, as Python writes them; false by default. */
  readonly nonFinite?: boolean
}

const MAX_DEPTH = 64
const [QUOTE, BACKSLASH, SPACE] = [0x22, 0x5c, 0x20]
// Twice those of the largest tokenizer.json; a header has nine for each tensor.
const MAX_VALUES = 2 ** 22

/**
 * Reads JSON from a file that is not trusted. Unlike JSON.parse it refuses duplicate keys, says where it
 * stopped in every engine, and bounds the depth (64) and the number of values (2^22).
 * @throws what `fail` makes
 */
export function parseJson(text: string, options: JsonOptions): JsonValue {
  return new JsonParser(text, options).parse()
}

/** Whether a value is an object of JSON: neither null nor an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

class JsonParser {
  readonly #text: string
  readonly #options: JsonOptions
  readonly #digits = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
  #at = 0
  #depth = 0
  #values = 0

  constructor(text: string, options: JsonOptions) {
    this.#text = text
    this.#options = options
  }

  parse(): JsonValue {
    const value = this.#value()
    if (this.#peek() !== '') throw this.#unexpected('the end')
    return value
  }

  #value(): JsonValue {
    if (++this.#values > MAX_VALUES) throw this.#error(`more than ${MAX_VALUES} values`)
    const next = this.#peek()
    if (next === '{') return this.#nested(() => this.#object())
    if (next === '[') return this.#nested(() => this.#array())
    if (next === '"') return this.#string()
    if (this.#word('true')) return true
    if (this.#word('false')) return false
    if (this.#word('null')) return null
    return this.#number()
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > MAX_DEPTH) throw this.#error(`nested deeper than ${MAX_DEPTH}`)
    this.#at++
    const value = read()
    this.#depth--
    return value
  }

  #object(): JsonObject {
    const object: Record<string, JsonValue> = {}
    if (this.#skip('}')) return object
    do {
      if (this.#peek() !== '"') throw this.#unexpected('a key in quotes')
      const key = this.#string()
      if (Object.hasOwn(object, key)) throw this.#error(`the key ${quote(key)} appears twice`)
      if (!this.#skip(':')) throw this.#unexpected('":"')
      const value = this.#value()
      // Assigned, it would become the prototype.
      if (key === '__proto__') Object.defineProperty(object, key, { value, enumerable: true })
      else object[key] = value
    } while (this.#skip(','))
    if (!this.#skip('}')) throw this.#unexpected('"," or "}"')
    return object
  }

  #array(): JsonValue[] {
    const array: JsonValue[] = []
    if (this.#skip(']')) return array
    do array.push(this.#value())
    while (this.#skip(','))
    if (!this.#skip(']')) throw this.#unexpected('"," or "]"')
    return array
  }

  #string(): string {
    const start = this.#at + 1
    let end = start
    let isPlain = true
    for (; ; end++) {
      const code = this.#text.charCodeAt(end)
      if (code === QUOTE) break
      if (Number.isNaN(code)) throw this.#error('a string without an end')
      if (code === BACKSLASH || code < SPACE) isPlain = false
      if (code === BACKSLASH) end++
    }
    const value = isPlain ? this.#text.slice(start, end) : this.#unescape(start, end)
    this.#at = end + 1
    return value
  }

  #unescape(start: number, end: number): string {
    try {
      return JSON.parse(this.#text.slice(start - 1, end + 1))
    } catch {
      throw this.#error('a string with a control character or an unknown escape')
    }
  }

  #number(): number {
    this.#digits.lastIndex = this.#at
    const digits = this.#digits.exec(this.#text)?.[0]
    if (digits !== undefined) {
      this.#at += digits.length
      return Number(digits)
    }
    if (this.#options.nonFinite) {
      if (this.#word('Infinity')) return Number.POSITIVE_INFINITY
      if (this.#word('-Infinity')) return Number.NEGATIVE_INFINITY
      if (this.#word('NaN')) return Number.NaN
    }
    throw this.#unexpected('a value')
  }

  #word(word: string): boolean {
    if (!this.#text.startsWith(word, this.#at)) return false
    this.#at += word.length
    return true
  }

  #skip(mark: string): boolean {
    if (this.#peek() !== mark) return false
    this.#at++
    return true
  }

  /** The next character that is not white space; '' at the end. */
  #peek(): string {
    for (; ; this.#at++) {
      const next = this.#text[this.#at] ?? ''
      if (next !== ' ' && next !== '\n' && next !== '\r' && next !== '\t') return next
    }
  }

  #unexpected(expected: string): Error {
    const got = this.#text[this.#at]
    return this.#error(`expected ${expected}, got ${got === undefined ? 'the end' : JSON.stringify(got)}`)
  }

  #error(problem: string): Error {
    const before = this.#text.slice(0, this.#at).split('\n')
    const place = `line ${before.length}, column ${before.at(-1)!.length + 1}`
    return this.#options.fail(`not valid JSON at ${place}: ${problem}`)
  }
}
