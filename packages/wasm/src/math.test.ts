import { gelu, silu, softplus } from '@mamba/core/ssm'
import { seededRandom } from '@mamba/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { type ArrayFunction, FREE_MEMORY, type MathModule, mathModule } from './testing/math-module.ts'

/** The distance between the patterns of bits that are tried, a prime. The limits below were found with 211. */
const STRIDE = 4099
const COUNT = 2 ** 18
const X = FREE_MEMORY
const Y = X + 4 * COUNT

/** Below it float32 are subnormal, which the functions may take for 0. */
const SMALLEST = 2 ** -126

/** Distance from a float32 to the next one. */
function ulp(value: number): number {
  return 2 ** (Math.floor(Math.log2(Math.max(Math.abs(value), SMALLEST))) - 23)
}

/** How far off what is got for x is. */
type Measure = (got: number, x: number) => number

const inUlps =
  (reference: (x: number) => number): Measure =>
  (got, x) => {
    const want = reference(x)
    return Math.abs(want) < SMALLEST && got === 0 ? 0 : Math.abs(got - want) / ulp(want)
  }

describe.each([false, true])('relaxed SIMD: %s', (relaxedSimd) => {
  let math: MathModule
  beforeAll(async () => {
    math = await mathModule(relaxedSimd)
  })

  /** The largest error over the float32 from `low` to `high`. */
  function worst(fn: ArrayFunction, measure: Measure, low: number, high: number): number {
    const bits = new Uint32Array(math.memory.buffer)
    const floats = new Float32Array(math.memory.buffer)
    let error = 0
    for (let pattern = 0; pattern < 2 ** 32; ) {
      let count = 0
      for (; count < COUNT && pattern < 2 ** 32; pattern += STRIDE) {
        bits[X / 4 + count] = pattern
        const x = floats[X / 4 + count]!
        if (x >= low && x <= high) count++
      }
      fn(X, Y, count)
      for (let i = 0; i < count; i++) {
        const off = measure(floats[Y / 4 + i]!, floats[X / 4 + i]!)
        error = Math.max(error, Number.isNaN(off) ? Infinity : off)
      }
    }
    return error
  }

  /** fn of single numbers. */
  function values(fn: ArrayFunction, xs: readonly number[]): number[] {
    const floats = new Float32Array(math.memory.buffer)
    floats.set(xs, X / 4)
    fn(X, Y, xs.length)
    return [...floats.subarray(Y / 4, Y / 4 + xs.length)]
  }

  test('e⁻ˣ is off by at most 1.2 ulp', () => {
    expect(
      worst(
        math.expOfMinus,
        inUlps((x) => Math.exp(-x)),
        -88.3,
        1e30,
      ),
    ).toBeLessThan(1.2)
  })
  test('silu is off by at most 2.2 ulp', () => {
    expect(worst(math.silu, inUlps(silu), -88.3, 1e30)).toBeLessThan(2.2)
  })
  test('softplus is off by at most 2.6 ulp, however small it is', () => {
    expect(worst(math.softplus, inUlps(softplus), -87.6, 1e30)).toBeLessThan(2.6)
  })
  test('gelu is off by at most 2.2e-7 |x|', () => {
    const measure: Measure = (got, x) => Math.abs(got - gelu(x)) / Math.max(Math.abs(x), SMALLEST)
    expect(worst(math.gelu, measure, -1e18, 1e18)).toBeLessThan(2.2e-7)
  })

  test('beyond what float32 holds they are 0 or ∞, and NaN stays NaN', () => {
    const { NaN: nan, POSITIVE_INFINITY: infinity } = Number
    expect(values(math.expOfMinus, [0, 88, infinity, -89, -infinity, nan])).toEqual([
      1,
      0,
      0,
      infinity,
      infinity,
      nan,
    ])
    expect(values(math.silu, [0, 100, infinity, -90, nan])).toEqual([0, 100, infinity, -0, nan])
    expect(values(math.softplus, [100, infinity, -100, -infinity, nan])).toEqual([100, infinity, 0, 0, nan])
    expect(values(math.gelu, [20, -20, nan])).toEqual([20, -0, nan])
  })

  test('softplus is x itself above 20', () => {
    const xs = [20.000002, 21, 1e4].map(Math.fround)
    expect(values(math.softplus, xs)).toEqual(xs)
  })

  test('any number of elements is written, and nothing behind them', () => {
    const floats = new Float32Array(math.memory.buffer)
    for (const fn of [math.expOfMinus, math.silu, math.softplus, math.gelu]) {
      for (let count = 0; count < 10; count++) {
        floats.fill(0.5, X / 4, X / 4 + 12)
        floats.fill(7, Y / 4, Y / 4 + 12)
        fn(X, Y, count)
        const [first] = values(fn, [0.5])
        const written = floats.slice(Y / 4 + 1, Y / 4 + 12)
        expect([...written]).toEqual(Array.from({ length: 11 }, (_, i) => (i + 1 < count ? first : 7)))
      }
    }
  })

  test('silu times another array is the product of the two', () => {
    const floats = new Float32Array(math.memory.buffer)
    floats.set([1, 2, 3, 4, 5], X / 4)
    const plain = values(math.silu, [1, 2, 3, 4, 5])
    math.siluTimes(X, X, Y, 5)
    const products = plain.map((value, i) => Math.fround(value * (i + 1)))
    expect([...floats.subarray(Y / 4, Y / 4 + 5)]).toEqual(products)
  })

  test('angles turn exactly, stay from 0 to 2π, and their cosine and sine are off by at most 1.2e-7', () => {
    const random = seededRandom(1)
    const count = 8
    const angles = new Float64Array(math.memory.buffer, X, count)
    const rates = new Float32Array(math.memory.buffer, X + 64, count)
    const cosines = new Float32Array(math.memory.buffer, X + 128, count)
    const sines = new Float32Array(math.memory.buffer, X + 192, count)
    let error = 0
    angles.fill(0)
    for (let round = 0; round < 20_000; round++) {
      rates.forEach((_, i) => {
        rates[i] = Math.PI * random.between(-1, 1)
      })
      const before = angles.slice()
      const step = Math.fround(random.logUniform(1e-4, 30))
      math.turn(X, X + 64, step, count, X + 128, X + 192)
      for (let i = 0; i < count; i++) {
        const sum = before[i]! + rates[i]! * step
        const angle = sum - 2 * Math.PI * Math.floor(sum / (2 * Math.PI))
        error = Math.max(
          error,
          Math.abs(cosines[i]! - Math.cos(angle)),
          Math.abs(sines[i]! - Math.sin(angle)),
        )
        error = Math.max(error, Math.abs(angles[i]! - angle) * 1e6)
      }
    }
    expect(Math.min(...angles)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...angles)).toBeLessThanOrEqual(2 * Math.PI)
    expect(error).toBeLessThan(1.2e-7)
  })
})
