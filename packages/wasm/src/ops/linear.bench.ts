/*
 * How fast `linear` is, beside what the machine could do: matrix × vector as bytes of weights per second, against a
 * plain read of as many bytes; matrix × matrix as multiply-adds per second.
 *
 *   node --conditions=@mamba/source src/ops/linear.bench.ts [threads]
 */
import { byteLength, type DType, dtypeLayout, type Tensor } from '@mamba/core'
import type { Context } from '../context.ts'
import { READ_BYTES } from '../kernels.ts'
import { type TestContext, testContext } from '../testing/context.ts'
import { linear } from './linear.ts'

const dtypes = ['f32', 'f16', 'bf16', 'q8_0', 'q4_0'] as const
/** Bytes of weights of each matrix × vector product: more than caches hold. */
const weightBytes = 64 * 2 ** 20
/** Runs of each measurement. */
const runs = 30

/**
 * Milliseconds of the fastest run of each function: what it takes when nothing else disturbs it. They take turns, so
 * that all of them meet the same load of the machine.
 */
function fastest(functions: readonly (() => void)[]): number[] {
  const times = functions.map(() => Number.POSITIVE_INFINITY)
  // The first runs are warm-up: the engine optimises functions that it has seen often.
  for (let run = -5; run < runs; run++) {
    for (const [i, fn] of functions.entries()) {
      const start = performance.now()
      fn()
      if (run >= 0) times[i] = Math.min(times[i]!, performance.now() - start)
    }
  }
  return times
}

function read(context: Context, from: Tensor, bytes: number): void {
  const tileBytes = 64 * 1024
  const tiles = Math.floor(bytes / tileBytes)
  context.temporary(4 * tiles, (to) => context.run(READ_BYTES, [context.address(from), tileBytes, to], tiles))
}

/** Weights of any normal numbers: which ones does not change how fast it is, nor do subnormal scales. */
function weights({ context }: TestContext, shape: readonly [number, number], dtype: DType): Tensor {
  const tensor = context.allocate(shape, dtype)
  const start = context.address(tensor)
  context.heap.bytes.fill(0x11, start, start + byteLength(dtype, shape))
  return tensor
}

function activations({ context }: TestContext, shape: readonly [number, number]): Tensor {
  const tensor = context.allocate(shape, 'f32')
  context.floats(context.address(tensor), tensor.size).fill(0.5)
  return tensor
}

function multiply({ context }: TestContext, x: Tensor, weight: Tensor): void {
  linear(context, x, weight).destroy()
}

async function main(threads: number): Promise<void> {
  for (const relaxedSimd of [true, false]) {
    const test = await testContext({ threads, relaxedSimd })
    console.log(`${threads} threads, ${relaxedSimd ? 'relaxed' : 'plain'} SIMD`)
    for (const dtype of dtypes) {
      const dIn = 768
      const dOut = Math.floor(weightBytes / byteLength(dtype, [dIn]))
      const weight = weights(test, [dOut, dIn], dtype)
      const x = activations(test, [1, dIn])
      const bytes = byteLength(dtype, weight.shape)
      const [reading, time] = fastest([
        () => read(test.context, weight, bytes),
        () => multiply(test, x, weight),
      ])
      const rates = `${(bytes / time! / 1e6).toFixed(1)} GB/s of ${(bytes / reading! / 1e6).toFixed(1)} GB/s`
      console.log(
        `  matrix × vector ${dtype.padEnd(5)} ${rates} (${((100 * reading!) / time!).toFixed(0)} %)`,
      )
      x.destroy()
      weight.destroy()
    }
    for (const [dOut, dIn] of [
      [3072, 768],
      [768, 1536],
      [80, 1536],
      [1536, 48],
    ] as const) {
      for (const rows of [8, 128]) {
        const rates = dtypes.map((dtype) => {
          if (dIn % dtypeLayout(dtype).elements !== 0) return ''
          const weight = weights(test, [dOut, dIn], dtype)
          const x = activations(test, [rows, dIn])
          const [time] = fastest([() => multiply(test, x, weight)])
          x.destroy()
          weight.destroy()
          return `${dtype} ${((rows * dIn * dOut) / time! / 1e6).toFixed(1)}`
        })
        console.log(
          `  matrix × matrix [${rows}, ${dIn}] × [${dOut}, ${dIn}]ᵀ, 10⁹ multiply-adds/s: ${rates.join(', ')}`,
        )
      }
    }
    test.destroy()
  }
}

await main(Number(process.argv[2] ?? 1))
