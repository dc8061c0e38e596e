import { expect, test } from 'vitest'
import { summarize } from './summary.ts'

const speed = (prefillTokensPerSecond: number, decodeTokensPerSecond: number) => ({
  prefillTokensPerSecond,
  decodeTokensPerSecond,
})

test('each rate is summed up on its own', () => {
  expect(summarize([speed(30, 1), speed(10, 2), speed(20, 9)])).toEqual({
    median: speed(20, 2),
    minimum: speed(10, 1),
    maximum: speed(30, 9),
  })
})

test('the median of an even number of runs lies between the two in the middle', () => {
  expect(summarize([speed(4, 1), speed(1, 1), speed(2, 1), speed(100, 1)]).median).toEqual(speed(3, 1))
})
