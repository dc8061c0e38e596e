import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fingerprint } from './fingerprint.ts'

const elements = fc.float32Array({ minLength: 1, maxLength: 40, noNaN: true })

describe('fingerprint', () => {
  test('is 16 hexadecimal digits, the same for the same content', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), elements, (texts, data) => {
        expect(fingerprint(texts, data)).toMatch(/^[0-9a-f]{16}$/)
        expect(fingerprint([...texts], data.slice())).toBe(fingerprint(texts, data))
      }),
    )
  })

  test('changes with each bit of a small tensor', () => {
    fc.assert(
      fc.property(elements, fc.nat(), (data, at) => {
        const bytes = new Uint8Array(data.buffer.slice(0))
        bytes[at % bytes.length]! ^= 1 << (at % 8)
        expect(fingerprint([], new Float32Array(bytes.buffer))).not.toBe(fingerprint([], data))
      }),
    )
  })

  test('tells where one text ends and the next begins', () => {
    expect(fingerprint(['ab', 'c'])).not.toBe(fingerprint(['a', 'bc']))
    expect(fingerprint(['a', ''])).not.toBe(fingerprint(['a']))
    expect(fingerprint(['a', 'b'])).not.toBe(fingerprint(['b', 'a']))
  })

  test('sees the last bytes of a tensor that is not a multiple of 4 long', () => {
    expect(fingerprint([], Uint16Array.of(1, 2, 3))).not.toBe(fingerprint([], Uint16Array.of(1, 2, 4)))
    expect(fingerprint([], Uint8Array.of(1))).not.toBe(fingerprint([], Uint8Array.of(2)))
  })

  test('looks at words all over a large tensor, and not at each', () => {
    const large = new Float32Array(100_000)
    const base = fingerprint([], large)
    const seen = Array.from({ length: 10 }, (_, tenth) =>
      fingerprint(
        [],
        large.map((_, i) => (Math.floor(i / 10_000) === tenth ? 1 : 0)),
      ),
    )
    expect(new Set([base, ...seen]).size).toBe(11)
    expect(fingerprint([], large.with(1, 1))).toBe(base)
  })

  test('depends on the view, not on what lies around it', () => {
    const buffer = Float32Array.of(9, 1, 2, 9)
    expect(fingerprint([], buffer.subarray(1, 3))).toBe(fingerprint([], Float32Array.of(1, 2)))
  })
})
