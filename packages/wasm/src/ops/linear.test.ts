import { cpu, type DType, f16ToF32, fromFloat32, toFloat32 } from '@mamba/core'
import { fill, seededRandom } from '@mamba/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { type TestContext, testContext } from '../testing/context.ts'
import { embedding } from './embedding.ts'
import { linear } from './linear.ts'

/*
 * What the suite of all backends does not look at: the borders between kernels, tiles and panels, rows too long for the
 * usual scratch memory, and high addresses.
 */

const dtypes = ['f32', 'f16', 'bf16', 'q8_0', 'q4_0'] as const
const reference = cpu()

let started: TestContext | undefined

async function start(): Promise<TestContext> {
  started = await testContext({ threads: 2 })
  return started
}

afterEach(() => started?.destroy())

/** Asserts that y = x Wᵀ + b is right within what float32, or for quantised weights activations of 16 bits, allow. */
async function expectProduct(
  { context, tensor, read }: TestContext,
  dtype: DType,
  [rows, dIn, dOut]: readonly [number, number, number],
): Promise<void> {
  const random = seededRandom(rows + dIn + dOut)
  const x = fill(rows * dIn, random.normal)
  const weight = fromFloat32(dtype, fill(dOut * dIn, random.normal))
  const bias = fill(dOut, random.normal)
  const place = (make: TestContext['tensor']) => ({
    x: make(x, [rows, dIn], 'f32'),
    weight: make(weight, [dOut, dIn], dtype),
    bias: make(bias, [dOut], 'f32'),
  })
  const exact = place((data, shape, type = 'f32') => reference.tensor(data, shape, type))
  const want = await reference.ops.linear(exact.x, exact.weight, exact.bias).read()
  const tested = place(tensor)
  const y = linear(context, tested.x, tested.weight, tested.bias)
  const got = read(y)
  for (const used of [y, tested.x, tested.weight, tested.bias]) used.destroy()
  const worst = got.reduce((largest, value, i) => Math.max(largest, Math.abs(value - want[i]!)), 0)
  const limit = dtype.startsWith('q') ? 1e-4 * Math.sqrt(dIn) : 1e-5 + 1e-7 * dIn
  expect(worst, `largest error of [${rows}, ${dIn}] × [${dOut}, ${dIn}]ᵀ`).toBeLessThan(limit)
}

describe.each(dtypes)('linear with %s weights', (dtype) => {
  test('is right on both sides of every border', async () => {
    const context = await start()
    for (const rows of [1, 5, 6, 7, 256, 257]) {
      for (const dOut of [1, 7, 8, 9, 31, 33]) await expectProduct(context, dtype, [rows, 64, dOut])
    }
  })

  test('takes rows of any length', async () => {
    const context = await start()
    for (const rows of [1, 6]) await expectProduct(context, dtype, [rows, 20_000, 9])
  })

  test('shows a NaN of x in all results of its row, and in no other', async () => {
    const { context, tensor, read } = await start()
    const weight = tensor(fromFloat32(dtype, new Float32Array(9 * 64).fill(0.5)), [9, 64], dtype)
    for (const rows of [3, 7]) {
      const x = new Float32Array(rows * 64).fill(1)
      x[64 + 40] = Number.NaN
      const y = read(linear(context, tensor(x, [rows, 64]), weight))
      expect(Array.from(y, Number.isNaN)).toEqual(Array.from(y, (_, i) => i >= 9 && i < 18))
    }
  })

  test('leaves no memory behind', async () => {
    const context = await start()
    await expectProduct(context, dtype, [6, 64, 8])
    const { liveBytes } = context.context.heap
    for (const rows of [0, 1, 6]) await expectProduct(context, dtype, [rows, 64, 8])
    expect(context.context.heap.liveBytes).toBe(liveBytes)
  })
})

describe.each([
  // A block whose element 1 is 1 and whose others are 0.
  { dtype: 'q8_0', quants: Uint8Array.from({ length: 32 }, (_, i) => Number(i === 1)) },
  { dtype: 'q4_0', quants: Uint8Array.from({ length: 16 }, (_, i) => 0x88 + Number(i === 1)) },
] as const)('blocks of $dtype', ({ dtype, quants }) => {
  test('have any float16 as scale: normal, subnormal, zero, negative', async () => {
    const { context, tensor, read } = await start()
    const halves = Uint16Array.from({ length: 65536 }, (_, half) => half)
    const scales = halves.filter((half) => (half & 0x7c00) !== 0x7c00)
    const blockBytes = 2 + quants.length
    const data = new Uint8Array(scales.length * blockBytes)
    for (const [i, half] of scales.entries()) {
      data.set([half & 255, half >> 8, ...quants], i * blockBytes)
    }
    const weight = tensor(data, [scales.length, 32], dtype)
    // The largest is 32767, so that 1 is a whole step, and y the scale itself.
    const x = Float32Array.from({ length: 32 }, (_, i) => (i === 0 ? 32767 : i === 1 ? 1 : -3))
    for (const rows of [1, 6]) {
      const inputs = Float32Array.from({ length: 32 * rows }, (_, i) => x[i % 32]!)
      const y = read(linear(context, tensor(inputs, [rows, 32]), weight))
      const wrong = Array.from(y.keys()).filter((i) => y[i] !== f16ToF32(scales[i % scales.length]!))
      expect(wrong).toEqual([])
    }
  })

  test('of small weights lose no more than of large ones', async () => {
    const { context, tensor, read } = await start()
    const random = seededRandom(1)
    for (const blocks of [1, 2, 3, 4, 5, 7]) {
      const [dIn, dOut] = [32 * blocks, 13]
      const x = fill(dIn, random.normal)
      // Scales from zero over subnormal numbers to normal ones.
      const values = fill(dOut * dIn, () => 10 ** (-8 + 7 * random.uniform()) * random.normal())
      const weight = fromFloat32(dtype, values)
      const exact = reference.tensor(weight, [dOut, dIn], dtype)
      const magnitudes = fromFloat32('f32', toFloat32(dtype, weight, dOut * dIn).map(Math.abs))
      const want = await reference.ops.linear(reference.tensor(x, [1, dIn], 'f32'), exact).read()
      const scale = await reference.ops
        .linear(
          reference.tensor(x.map(Math.abs), [1, dIn], 'f32'),
          reference.tensor(magnitudes, [dOut, dIn], 'f32'),
        )
        .read()
      const y = read(linear(context, tensor(x, [1, dIn]), tensor(weight, [dOut, dIn], dtype)))
      for (const [i, value] of y.entries())
        expect(Math.abs(value - want[i]!)).toBeLessThan(1e-3 * scale[i]! + 1e-12)
    }
  })
})

test('addresses above 2 GiB are as good as those below', async () => {
  const made = await start()
  // Nobody writes to it, so the system need not find the memory.
  made.context.heap.allocate(2.1 * 2 ** 30)
  for (const dtype of dtypes) {
    for (const rows of [1, 6]) await expectProduct(made, dtype, [rows, 96, 20])
  }
  const table = made.tensor(Float32Array.of(1, 2, 3, 4), [2, 2])
  const ids = made.tensor(Int32Array.of(1, 0), [1, 2], 'i32')
  expect(made.read(embedding(made.context, table, ids))).toEqual(Float32Array.of(3, 4, 1, 2))
})
