/*
 * How long the ops between the matrix products take, in microseconds a position, for the shapes of mamba-130m,
 * mamba2-130m, mamba3-siso-187m and -mimo-187m: a long call (prefill) and a call of one position (decoding). The ops take turns, so that all of them
 * meet the same load of the machine.
 *
 *   node --conditions=@mamba/source src/ops/sequence.bench.ts [threads]
 */
import type { Tensor } from '@mamba/core'
import { type TestContext, testContext } from '../testing/context.ts'
import { mamba3Scan } from './mamba3-scan.ts'
import { causalConv1d, rmsNorm, selectiveScan } from './sequence.ts'
import { ssd } from './ssd.ts'

/** Measurements of each op; the fastest and the median are printed. */
const rounds = 200
/** What one measurement lasts at least, in milliseconds: the op is repeated. */
const leastTime = 0.3

/** A tensor of uniform random numbers from `low` to `high`. */
function random({ tensor }: TestContext, shape: readonly number[], low = -1, high = 1): Tensor {
  const size = shape.reduce((product, axis) => product * axis, 1)
  return tensor(
    Float32Array.from({ length: size }, () => low + (high - low) * Math.random()),
    shape,
  )
}

type Ops = Readonly<Record<string, () => Tensor>>

function mamba1(test: TestContext, length: number): Ops {
  const { context } = test
  const dInner = 1536
  const dState = 16
  const projected = random(test, [1, length, 2 * dInner])
  const x = projected.columns(0, dInner)
  const z = projected.columns(dInner, 2 * dInner)
  const low = random(test, [1, length, 80])
  const scan = {
    u: random(test, [1, length, dInner]),
    dt: random(test, [1, length, dInner]),
    dtBias: random(test, [dInner], -6, -2),
    A: random(test, [dInner, dState], -16, -1),
    B: low.columns(48, 64),
    C: low.columns(64, 80),
    D: random(test, [dInner]),
    z,
    state: random(test, [1, dInner, dState]),
  }
  const conv = {
    weight: random(test, [dInner, 4]),
    bias: random(test, [dInner]),
    state: random(test, [1, dInner, 3]),
    activation: 'silu',
  } as const
  const hidden = random(test, [1, length, 768])
  const norm = { weight: random(test, [768]), eps: 1e-5 }
  return {
    'rmsNorm 768': () => rmsNorm(context, hidden, norm),
    'causalConv1d 1536 × 4': () => causalConv1d(context, x, conv),
    'selectiveScan 1536 × 16': () => selectiveScan(context, scan),
  }
}

function mamba2(test: TestContext, length: number): Ops {
  const { context } = test
  const nHeads = 24
  const dInner = 64 * nHeads
  const convolved = random(test, [1, length, dInner + 256])
  const projected = random(test, [1, length, dInner + nHeads])
  const args = {
    x: convolved.columns(0, dInner),
    B: convolved.columns(dInner, dInner + 128),
    C: convolved.columns(dInner + 128, dInner + 256),
    dt: projected.columns(dInner, dInner + nHeads),
    dtBias: random(test, [nHeads], -6, -2),
    dtLimit: [0, Number.POSITIVE_INFINITY],
    A: random(test, [nHeads], -16, -1),
    D: random(test, [nHeads]),
    state: random(test, [1, nHeads, 64, 128]),
  } as const
  const norm = { weight: random(test, [dInner]), eps: 1e-5, gate: projected.columns(0, dInner) }
  return {
    'gated rmsNorm 1536': () => rmsNorm(context, args.x, norm),
    'ssd 24 × 64 × 128': () => ssd(context, args),
  }
}

function mamba3(test: TestContext, length: number, rank: number): Ops {
  const nHeads = 24
  const dInner = 64 * nHeads
  const dState = 128
  const columns = random(test, [1, length, 2 * dInner + 2 * rank * dState + 3 * nHeads + 32])
  let start = 0
  const next = (width: number) => {
    start += width
    return columns.columns(start - width, start)
  }
  const perRank = () => random(test, [nHeads, rank, 64])
  const args = {
    z: next(dInner),
    x: next(dInner),
    B: next(rank * dState),
    C: next(rank * dState),
    dt: next(nHeads),
    ddA: next(nHeads),
    trap: next(nHeads),
    angles: next(32),
    dtBias: random(test, [nHeads], -6, -2),
    BBias: random(test, [nHeads, rank, dState]),
    CBias: random(test, [nHeads, rank, dState]),
    D: random(test, [nHeads]),
    aFloor: 1e-4,
    mimo: rank > 1 ? { x: perRank(), z: perRank(), o: perRank() } : undefined,
    state: {
      angle: random(test, [1, nHeads, 32], 0, 6),
      ssm: random(test, [1, nHeads, 64, dState]),
      k: random(test, [1, rank, nHeads, dState]),
      v: random(test, [1, nHeads, 64]),
    },
  }
  return { [`mamba3Scan rank ${rank}`]: () => mamba3Scan(test.context, args) }
}

/** Milliseconds of one call. */
function measure(op: () => Tensor): number {
  const start = performance.now()
  let calls = 0
  let time = 0
  for (; time < leastTime; calls++) {
    op().destroy()
    time = performance.now() - start
  }
  return time / calls
}

async function main(threads: number): Promise<void> {
  for (const relaxedSimd of [true, false]) {
    const test = await testContext({ threads, relaxedSimd })
    console.log(
      `${threads} threads, ${relaxedSimd ? 'relaxed' : 'plain'} SIMD: µs a position, fastest and median`,
    )
    for (const length of [1, 64]) {
      const ops = Object.entries({
        ...mamba1(test, length),
        ...mamba2(test, length),
        ...mamba3(test, length, 1),
        ...mamba3(test, length, 4),
      })
      const times = ops.map(() => [] as number[])
      for (let round = 0; round < rounds; round++) {
        for (const [i, [, op]] of ops.entries()) times[i]!.push(measure(op))
      }
      for (const [i, [name]] of ops.entries()) {
        const sorted = times[i]!.sort((a, b) => a - b).map((time) => ((1000 * time) / length).toFixed(2))
        console.log(`  ${name.padEnd(24)} length ${length}: ${sorted[0]} ${sorted[rounds >> 1]}`)
      }
    }
    test.destroy()
  }
}

await main(Number(process.argv[2] ?? 1))
