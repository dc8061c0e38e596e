import { fill, seededRandom } from '@mamba/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bf16ToF32, expand, f16ToF32, f32ToBf16, f32ToF16, fromFloat32, toFloat32 } from './convert.ts'
import { DTypeError } from './errors.ts'

const ALL_BITS = Array.from({ length: 0x10000 }, (_, bits) => bits)

/** The value of a binary floating-point number, by the definition of IEEE 754. */
function ieeeValue(bits: number, exponentBits: number, fractionBits: number): number {
  const sign = bits >>> (exponentBits + fractionBits) === 1 ? -1 : 1
  const exponent = (bits >>> fractionBits) & (2 ** exponentBits - 1)
  const fraction = (bits & (2 ** fractionBits - 1)) / 2 ** fractionBits
  const bias = 2 ** (exponentBits - 1) - 1
  if (exponent === 2 ** exponentBits - 1) {
    return fraction === 0 ? sign * Infinity : Number.NaN
  }
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias)
}

/** The float32 that comes before (−1) or after (1) a positive one. */
function neighbour(x: number, step: 1 | -1): number {
  const value = Float32Array.of(x)
  new Int32Array(value.buffer)[0]! += step
  return value[0]!
}

describe.each([
  { dtype: 'f16', decode: f16ToF32, encode: f32ToF16, exponentBits: 5, infinity: 0x7c00 },
  { dtype: 'bf16', decode: bf16ToF32, encode: f32ToBf16, exponentBits: 8, infinity: 0x7f80 },
] as const)('$dtype', ({ dtype, decode, encode, exponentBits, infinity }) => {
  const want = ALL_BITS.map((bits) => ieeeValue(bits, exponentBits, 15 - exponentBits))
  const isNaNBits = (bits: number) => (bits & 0x7fff) > infinity

  test('all 65,536 patterns have the value that IEEE 754 gives them', () => {
    expect(ALL_BITS.filter((bits) => !Object.is(decode(bits), want[bits]))).toEqual([])
  })

  test('all patterns come back from their value; NaN as some NaN', () => {
    const wrong = ALL_BITS.filter((bits) => {
      const back = encode(want[bits]!)
      return isNaNBits(bits) ? !isNaNBits(back) : back !== bits
    })
    expect(wrong).toEqual([])
  })

  test('between any two neighbours the nearer is taken, and the even one of equals', () => {
    const wrong = ALL_BITS.slice(0, infinity - 1).filter((bits) => {
      const middle = (want[bits]! + want[bits + 1]!) / 2
      const even = bits % 2 === 0 ? bits : bits + 1
      return (
        encode(middle) !== even ||
        encode(-middle) !== (even | 0x8000) ||
        encode(neighbour(middle, -1)) !== bits ||
        encode(neighbour(middle, 1)) !== bits + 1
      )
    })
    expect(wrong).toEqual([])
  })

  test('half a step above the largest number is infinite, and anything below it is not', () => {
    const largest = want[infinity - 1]!
    const limit = largest + (largest - want[infinity - 2]!) / 2
    expect(encode(limit)).toBe(infinity)
    expect(encode(-limit)).toBe(infinity | 0x8000)
    expect(encode(neighbour(limit, -1))).toBe(infinity - 1)
    expect(encode(Infinity)).toBe(infinity)
  })

  test('expand, toFloat32 and fromFloat32 do the same to arrays', () => {
    const bits = Uint16Array.from(ALL_BITS)
    expect(toFloat32(dtype, bits, bits.length)).toEqual(Float32Array.from(want))
    const out = new Float32Array(5)
    expand(dtype, bits, 0x3c00, out)
    expect(out).toEqual(Float32Array.from(want.slice(0x3c00, 0x3c05)))
    const finite = Float32Array.from(want.slice(0, infinity))
    expect(fromFloat32(dtype, finite)).toEqual(bits.slice(0, infinity))
  })
})

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

describe('other dtypes', () => {
  test('integers expand to their values', () => {
    const out = new Float32Array(2)
    expand('i8', Int8Array.of(1, -128, 127), 1, out)
    expect(out).toEqual(Float32Array.of(-128, 127))
    expect(toFloat32('u32', Uint32Array.of(2 ** 31), 1)).toEqual(Float32Array.of(2 ** 31))
  })

  test('f32 is copied by fromFloat32', () => {
    const values = Float32Array.of(1, 2)
    const copy = fromFloat32('f32', values)
    expect(copy).toEqual(values)
    expect(copy).not.toBe(values)
  })

  test('fromFloat32 does not round to integers', () => {
    expect(() => fromFloat32('i32', new Float32Array(1))).toThrow(
      new DTypeError('fromFloat32: i32 does not store real numbers; expected f32, f16, bf16 or q8_0'),
    )
  })
})
