import { fill, seededRandom } from '@mamba/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { expand, fromFloat32, toFloat32 } from './convert.ts'
import { DTypeError } from './errors.ts'
import { f16ToF32, f32ToF16 } from './float16.ts'

describe('q8_0', () => {
  const blockOf = (values: readonly number[]) => {
    const block = new Float32Array(32)
    block.set(values)
    return block
  }

  test('stores d = max |x| / 127 as a float16, and q = x / d rounded half away from zero', () => {
    // d is 0.5, so that halves of it are exact.
    const bytes = fromFloat32('q8_0', blockOf([63.5, -63.5, 0.25, -0.25, 0.75, -0.75, 0.24, 1, 0]))
    const scale = f32ToF16(0.5)
    expect(Array.from(bytes.slice(0, 2))).toEqual([scale & 0xff, scale >>> 8])
    expect(Array.from(new Int8Array(bytes.buffer, 2, 9))).toEqual([127, -127, 1, -1, 2, -2, 0, 2, 0])
    expect(bytes).toHaveLength(34)
  })

  test('divides by the scale before it is rounded to float16', () => {
    // max / 127 is 0.1 in float32; as a float16 it is 0.09998, by which 12.649 / d would round up to 127.
    const bytes = fromFloat32('q8_0', blockOf([12.7, 12.649]))
    expect(Array.from(new Int8Array(bytes.buffer, 2, 2))).toEqual([127, 126])
  })

  test('gives zeros for a block of zeros', () => {
    const bytes = fromFloat32('q8_0', new Float32Array(64)) as Uint8Array
    expect(bytes).toEqual(new Uint8Array(68))
    expect(toFloat32('q8_0', bytes, 64)).toEqual(new Float32Array(64))
  })

  test('comes back within half a step, and the rounding of the scale', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 1, max: 5 }),
        fc.double({ min: 1e-2, max: 1e4, noNaN: true }),
        (seed, blocks, size) => {
          const random = seededRandom(seed)
          const values = fill(32 * blocks, () => size * random.normal())
          const back = toFloat32('q8_0', fromFloat32('q8_0', values), values.length)
          for (const [i, value] of values.entries()) {
            const start = i - (i % 32)
            const largest = Math.max(...values.subarray(start, start + 32).map(Math.abs))
            const limit = largest / 254 + Math.abs(value) * 2 ** -10
            expect(Math.abs(back[i]! - value)).toBeLessThanOrEqual(limit)
          }
        },
      ),
    )
  })

  test('expands from any block on', () => {
    const values = Float32Array.from({ length: 96 }, (_, i) => (i % 32) - 16 + 100 * Math.floor(i / 32))
    const bytes = fromFloat32('q8_0', values)
    const out = new Float32Array(32)
    expand('q8_0', bytes, 64, out)
    expect(out).toEqual(toFloat32('q8_0', bytes, 96).slice(64))
  })

  test('refuses values that do not fill their blocks', () => {
    expect(() => fromFloat32('q8_0', new Float32Array(33))).toThrow(DTypeError)
  })
})

describe('q4_0', () => {
  // A negative scale times 0 is −0.
  const positiveZeros = (values: Float32Array) => values.map((x) => x + 0)
  const scaleOf = (block: Uint8Array) => f16ToF32(block[0]! | (block[1]! << 8))

  test('stores byte i with element i in its lower and element i + 16 in its upper bits', () => {
    // The farthest from 0 is 16, so d = −2, and 16 becomes q = 0.
    const values = Float32Array.from({ length: 32 }, (_, i) => (i === 3 ? 16 : i === 20 ? -6 : 0))
    const block = fromFloat32('q4_0', values) as Uint8Array
    expect(scaleOf(block)).toBe(-2)
    const levels = Array.from({ length: 32 }, (_, i) => (block[2 + (i % 16)]! >> (i < 16 ? 0 : 4)) & 15)
    expect(levels[3]).toBe(0)
    expect(levels[20]).toBe(11)
    expect(new Set(levels.filter((_, i) => i !== 3 && i !== 20))).toEqual(new Set([8]))
    expect(positiveZeros(toFloat32('q4_0', block, 32))).toEqual(values)
  })

  test('gives zeros for a block of zeros', () => {
    const zeros = new Float32Array(32)
    expect(positiveZeros(toFloat32('q4_0', fromFloat32('q4_0', zeros), 32))).toEqual(zeros)
  })

  test('comes back within a step, which only the value opposite the farthest can need whole', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const random = seededRandom(seed)
        const values = fill(64, () => random.normal())
        const blocks = fromFloat32('q4_0', values) as Uint8Array
        const back = toFloat32('q4_0', blocks, 64)
        for (let i = 0; i < 64; i++) {
          const step = Math.abs(scaleOf(blocks.subarray(Math.floor(i / 32) * 18)))
          expect(Math.abs(back[i]! - values[i]!)).toBeLessThanOrEqual(step * 1.01)
        }
      }),
    )
  })

  test('expands from any block on', () => {
    const values = Float32Array.from({ length: 96 }, (_, i) => Math.sin(i))
    const blocks = fromFloat32('q4_0', values)
    const part = new Float32Array(32)
    expand('q4_0', blocks, 64, part)
    expect(part).toEqual(toFloat32('q4_0', blocks, 96).slice(64))
  })
})
