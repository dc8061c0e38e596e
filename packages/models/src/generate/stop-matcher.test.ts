import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { StopMatcher } from './stop-matcher.ts'

/** The text up to the stop string that ends first, the longest of those that end there. */
function cut(text: string, stops: readonly string[]): { text: string; stopped: boolean } {
  const found = stops
    .map((stop) => ({ start: text.indexOf(stop), end: text.indexOf(stop) + stop.length }))
    .filter(({ start }) => start >= 0)
    .sort((a, b) => a.end - b.end || a.start - b.start)[0]
  return found ? { text: text.slice(0, found.start), stopped: true } : { text, stopped: false }
}

/** Three letters, so that stop strings overlap, nest and begin again inside themselves. */
const letters = (limits: { minLength?: number; maxLength: number }) =>
  fc.string({ unit: fc.constantFrom('a', 'b', 'c', '😀'), ...limits })

describe('StopMatcher', () => {
  const pieces = fc.array(letters({ maxLength: 5 }), { maxLength: 20 })
  const stops = fc.array(letters({ minLength: 1, maxLength: 5 }), { maxLength: 4 })

  test('cuts pieces as if they were one text', () => {
    fc.assert(
      fc.property(pieces, stops, (list, stopStrings) => {
        const matcher = new StopMatcher(stopStrings)
        let text = ''
        let stopped = false
        for (const piece of list) {
          const result = matcher.push(piece)
          text += result.text
          stopped = result.stopped
        }
        expect({ text: text + matcher.end(), stopped }).toEqual(cut(list.join(''), stopStrings))
      }),
      { numRuns: 2000 },
    )
  })

  test('holds back exactly the longest end that may begin a stop string', () => {
    fc.assert(
      fc.property(pieces, stops, (list, stopStrings) => {
        const matcher = new StopMatcher(stopStrings)
        let text = ''
        let shown = ''
        for (const piece of list) {
          text += piece
          const result = matcher.push(piece)
          if (result.stopped) {
            return
          }
          shown += result.text
          const ends = Array.from({ length: 1 + text.length }, (_, start) => text.slice(start))
          const held = ends.find((end) => stopStrings.some((stop) => stop.startsWith(end))) ?? ''
          expect(shown).toBe(text.slice(0, text.length - held.length))
        }
      }),
    )
  })

  test('finds a stop string across pieces and shows what is before it', () => {
    const matcher = new StopMatcher(['\n\nUser:'])
    expect(matcher.push('Hello\n')).toEqual({ text: 'Hello', stopped: false })
    expect(matcher.push('\nUs')).toEqual({ text: '', stopped: false })
    expect(matcher.push('er: hi')).toEqual({ text: '', stopped: true })
    expect(matcher.push('more')).toEqual({ text: '', stopped: true })
    expect(matcher.end()).toBe('')
  })

  test('shows what it held back when no stop string came of it', () => {
    const matcher = new StopMatcher(['END'])
    expect(matcher.push('an EN')).toEqual({ text: 'an ', stopped: false })
    expect(matcher.push('Q')).toEqual({ text: 'ENQ', stopped: false })
    expect(matcher.push('E')).toEqual({ text: '', stopped: false })
    expect(matcher.end()).toBe('E')
  })

  test('stops at the string that ends first, and of those at the longest', () => {
    expect(new StopMatcher(['abcd', 'bc']).push('abcd')).toEqual({ text: 'a', stopped: true })
    expect(new StopMatcher(['b', 'ab']).push('xab')).toEqual({ text: 'x', stopped: true })
  })

  test('passes everything on when there is nothing to stop at', () => {
    expect(new StopMatcher([]).push('abc')).toEqual({ text: 'abc', stopped: false })
  })

  test('refuses an empty stop string', () => {
    expect(() => new StopMatcher(['a', ''])).toThrow('a stop string is empty')
  })
})
