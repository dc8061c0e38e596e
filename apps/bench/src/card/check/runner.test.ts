import { expect, test } from 'vitest'
import { runTests, type TestContext } from './runner.ts'
import * as our from './vitest.ts'

const outline = async (declare: () => void, options = {}) => {
  const results = await runTests('file', declare, options)
  return results.map(({ path, error }) => [path.join(' > '), error instanceof Error ? error.message : error])
}

test('tests run one after the other, with the hooks of the suites around them', async () => {
  const log: string[] = []
  const note = (text: string) => () => {
    log.push(text)
  }
  const results = await outline(() => {
    our.beforeAll(note('begin'))
    our.afterAll(note('end'))
    our.beforeEach(note('before'))
    our.describe('suite', () => {
      our.beforeEach(note('inner before'))
      our.afterEach(note('inner after'))
      our.test('late', async () => {
        await new Promise((resolve) => setTimeout(resolve, 5))
        log.push('late')
      })
    })
    our.test('first', note('first'))
  })
  expect(results).toEqual([
    ['file > first', undefined],
    ['file > suite > late', undefined],
  ])
  const inner = ['before', 'inner before', 'late', 'inner after']
  expect(log).toEqual(['begin', 'before', 'first', ...inner, 'end'])
})

test('what a test throws, at once or later, is its result, and the others run', async () => {
  const results = await outline(() => {
    our.test('throws', () => {
      throw new Error('at once')
    })
    our.test('rejects', () => Promise.reject(new Error('later')))
    our.test('asserts', () => our.expect(1).toBe(2))
    our.test('passes', () => our.expect([1]).toEqual([1]))
  })
  expect(results).toEqual([
    ['file > throws', 'at once'],
    ['file > rejects', 'later'],
    ['file > asserts', expect.stringContaining('expected 1 to be 2')],
    ['file > passes', undefined],
  ])
})

test('a hook that fails is a failure, and its tests do not run', async () => {
  const results = await outline(() => {
    our.describe('broken', () => {
      our.beforeAll(() => Promise.reject(new Error('no device')))
      our.test('never', () => {})
    })
    our.describe('whole', () => {
      our.afterAll(() => {
        throw new Error('not freed')
      })
      our.test('runs', () => {})
    })
  })
  expect(results).toEqual([
    ['file > broken > beforeAll', 'no device'],
    ['file > whole > runs', undefined],
    ['file > whole > afterAll', 'not freed'],
  ])
})

test('cases have the names that vitest gives them, and their values', async () => {
  const seen: unknown[] = []
  const results = await outline(() => {
    our.test.each(['f32', 'f16'])('of %s', (dtype: string) => seen.push(dtype))
    our.test.each([[1, 'a']])('%i and %s', (...values: unknown[]) => seen.push(values))
    our.describe.each([{ name: 'add' }])('$name', (value: unknown) =>
      our.test('is an op', () => seen.push(value)),
    )
  })
  expect(results.map(([path]) => path)).toEqual([
    'file > of f32',
    'file > of f16',
    'file > 1 and a',
    'file > add > is an op',
  ])
  expect(seen).toEqual(['f32', 'f16', [1, 'a'], { name: 'add' }])
})

test('a filter, a condition and a skip leave tests out', async () => {
  const declare = () => {
    our.test('linear f16', () => {})
    our.test('linear f32', (context: TestContext) => context.skip('not here'))
    our.test('never skipped', (context: TestContext) => context.skip(false))
    our.test.skipIf(true)('linear q8_0', () => {
      throw new Error('it ran')
    })
  }
  expect(await outline(declare, { filter: /linear/ })).toEqual([
    ['file > linear f16', undefined],
    ['file > linear f32', undefined],
  ])
  expect(await outline(declare, { signal: AbortSignal.abort() })).toEqual([])
})
