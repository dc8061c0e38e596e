import { describe, expect, test } from 'vitest'
import { expand, fromFloat32, toFloat32 } from './convert.ts'
import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16 } from './float16.ts'

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
