/*
 * What tests import from `vitest`, for a process without it: assertions are vitest's own, but tests are collected here
 * and run by `runner.ts`, one after the other.
 */
import { format } from 'node:util'
import { collect, type Hook, type TestFunction } from './runner.ts'

export { expect, vi } from 'vitest'

type Body = (...args: unknown[]) => unknown

/** Some tests take options before their function, or a time limit after it; neither matters here. */
const bodyOf = (args: readonly unknown[]) => args.find((arg) => typeof arg === 'function') as Body

export const beforeAll = (hook: Hook) => collect.hook('beforeAll', hook)
export const afterAll = (hook: Hook) => collect.hook('afterAll', hook)
export const beforeEach = (hook: Hook) => collect.hook('beforeEach', hook)
export const afterEach = (hook: Hook) => collect.hook('afterEach', hook)

export const describe = withVariants((name, body) => collect.suite(name, body as () => void))
export const test = withVariants((name, body) => collect.test(name, body as TestFunction))
export const it = test

/** Adds `each`, `skip`, `skipIf` and `runIf`. */
function withVariants(add: (name: string, body: Body) => void) {
  const call = (name: string, ...args: unknown[]) => add(name, bodyOf(args))
  const skip = (name: string, ..._args: unknown[]) => collect.skipped(name)
  const each =
    (cases: readonly unknown[]) =>
    (name: string, ...args: unknown[]) => {
      for (const [i, value] of cases.entries()) {
        const values = Array.isArray(value) ? value : [value]
        add(caseName(name, values, i), () => bodyOf(args)(...values))
      }
    }
  return Object.assign(call, {
    each,
    skip,
    skipIf: (condition: unknown) => (condition ? skip : call),
    runIf: (condition: unknown) => (condition ? call : skip),
  })
}

/** `%s` and the like are replaced by the values, `$key` by those of the first, `%#` by the case's number. */
function caseName(name: string, values: readonly unknown[], index: number): string {
  const first = values[0]
  const numbered = name.replaceAll('%#', String(index))
  if (typeof first === 'object' && first !== null && numbered.includes('$')) {
    return numbered.replace(/\$(\w+)/g, (_, key: string) => String((first as Record<string, unknown>)[key]))
  }
  const count = numbered.match(/%[sdifjo]/g)?.length ?? 0
  return count > 0 ? format(numbered, ...values.slice(0, count)) : numbered
}
