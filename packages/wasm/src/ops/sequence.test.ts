import { type Backend, cpu, type Ops, type Tensor } from '@mamba/core'
import { fill, seededRandom } from '@mamba/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { wasm } from '../wasm.ts'

/*
 * What the suite of all backends does not look at: the borders between the forms of a kernel, its groups, chunks and
 * tiles; sizes beyond the usual scratch memory; threads; and what long silence and huge steps do to a state.
 */

type Make = (data: Float32Array, shape: readonly number[]) => Tensor
/** An op that is ready to be called, any number of times, and the states that it changes. */
type Prepared = { readonly call: (ops: Ops) => Tensor; readonly states: readonly Tensor[] }
/** Makes the arguments of an op. */
type Prepare = (make: Make) => Prepared

const reference = cpu()
const started: Backend[] = []

async function start(threads: number): Promise<Backend> {
  const backend = await wasm({ threads })
  started.push(backend)
  return backend
}

afterEach(() => {
  for (const backend of started.splice(0)) backend.destroy()
})

function prepareOn(backend: Backend, prepare: Prepare): Prepared {
  return prepare((data, shape) => backend.tensor(data.slice(), shape, 'f32'))
}

/** The result, and after it the states, of an op on a backend. */
async function run(backend: Backend, prepare: Prepare): Promise<Float32Array[]> {
  const { call, states } = prepareOn(backend, prepare)
  const tensors = [call(backend.ops), ...states]
  return (await Promise.all(tensors.map((tensor) => tensor.read()))) as Float32Array[]
}

const largest = (values: Float32Array) => values.reduce((most, value) => Math.max(most, value), 0)

/** Asserts that a backend gives what the reference gives, but for the rounding of float32. */
async function expectRight(backend: Backend, prepare: Prepare, what: string): Promise<void> {
  const want = await run(reference, prepare)
  for (const [i, got] of (await run(backend, prepare)).entries()) {
    const errors = want[i]!.map((value, j) => Math.abs(value - got[j]!))
    const error = largest(errors) / largest(want[i]!.map(Math.abs))
    expect(error, `error of ${i === 0 ? 'the result' : `state ${i}`}, ${what}`).toBeLessThan(5e-6)
  }
}

function normal(seed: number, shape: readonly number[], scale = 1): [Float32Array, readonly number[]] {
  const random = seededRandom(seed)
  const size = shape.reduce((product, axis) => product * axis, 1)
  return [fill(size, () => scale * random.normal()), shape]
}

const negative = ([data, shape]: [Float32Array, readonly number[]]): [Float32Array, readonly number[]] => [
  data.map((value) => -0.01 - Math.abs(value)),
  shape,
]

const convolution =
  (length: number, channels: number, taps: number): Prepare =>
  (make) => {
    const x = make(...normal(1, [2, length, channels]))
    const state = make(...normal(2, [2, channels, taps - 1]))
    const args = { weight: make(...normal(3, [channels, taps])), state, activation: 'silu' } as const
    return { call: (ops) => ops.causalConv1d(x, args), states: taps > 1 ? [state] : [] }
  }

interface Override {
  /** Multiplies the input. */
  readonly input?: number
  /** Added to the step sizes before softplus. */
  readonly step?: number
}

const scan =
  (length: number, dInner: number, dState: number, { input = 1, step = -3 }: Override = {}): Prepare =>
  (make) => {
    const state = make(...normal(1, [2, dInner, dState]))
    const args = {
      u: make(...normal(2, [2, length, dInner], input)),
      dt: make(...normal(3, [2, length, dInner])),
      dtBias: make(new Float32Array(dInner).fill(step), [dInner]),
      A: make(...negative(normal(4, [dInner, dState]))),
      B: make(...normal(5, [2, length, dState])),
      C: make(...normal(6, [2, length, dState])),
      D: make(...normal(7, [dInner])),
      z: make(...normal(8, [2, length, dInner])),
      state,
    }
    return { call: (ops) => ops.selectiveScan(args), states: [state] }
  }

const ssd =
  (length: number, headDim: number, dState: number, { input = 1, step = -3 }: Override = {}): Prepare =>
  (make) => {
    const [nHeads, nGroups] = [4, 2]
    const state = make(...normal(1, [2, nHeads, headDim, dState]))
    const args = {
      x: make(...normal(2, [2, length, nHeads * headDim], input)),
      dt: make(...normal(3, [2, length, nHeads])),
      dtBias: make(new Float32Array(nHeads).fill(step), [nHeads]),
      dtLimit: [0, Number.POSITIVE_INFINITY],
      A: make(...negative(normal(4, [nHeads]))),
      B: make(...normal(5, [2, length, nGroups * dState])),
      C: make(...normal(6, [2, length, nGroups * dState])),
      D: make(...normal(7, [nHeads])),
      state,
    } as const
    return { call: (ops) => ops.ssd(args), states: [state] }
  }

const mamba3 =
  (length: number, rank: number, dState: number, { input = 1, step = -3 }: Override = {}): Prepare =>
  (make) => {
    const [nHeads, headDim, nAngles] = [3, 12, 5]
    const ranks = [nHeads, rank, headDim]
    const perHead = (seed: number) => make(...normal(seed, [2, length, nHeads]))
    const state = {
      angle: make(...normal(1, [2, nHeads, nAngles], 0)),
      ssm: make(...normal(2, [2, nHeads, headDim, dState])),
      k: make(...normal(3, [2, rank, nHeads, dState], input)),
      v: make(...normal(4, [2, nHeads, headDim])),
    }
    const args = {
      x: make(...normal(5, [2, length, nHeads * headDim], input)),
      z: make(...normal(6, [2, length, nHeads * headDim])),
      B: make(...normal(7, [2, length, rank * dState])),
      C: make(...normal(8, [2, length, rank * dState])),
      dt: perHead(9),
      ddA: perHead(10),
      trap: perHead(11),
      angles: make(...normal(12, [2, length, nAngles])),
      dtBias: make(new Float32Array(nHeads).fill(step), [nHeads]),
      BBias: make(...normal(13, [nHeads, rank, dState])),
      CBias: make(...normal(14, [nHeads, rank, dState])),
      D: make(...normal(15, [nHeads])),
      aFloor: 1e-4,
      ...(rank > 1 && {
        mimo: { x: make(...normal(16, ranks)), z: make(...normal(17, ranks)), o: make(...normal(18, ranks)) },
      }),
      state,
    }
    return { call: (ops) => ops.mamba3Scan(args), states: [state.angle, state.ssm, state.k, state.v] }
  }

describe('on both sides of every border', () => {
  test('causalConv1d is right', async () => {
    const backend = await start(2)
    for (const taps of [1, 2, 3, 4, 5]) {
      for (const length of [1, 2, 3, 4, 5, 9]) {
        for (const channels of [3, 4, 64, 65, 130]) {
          await expectRight(backend, convolution(length, channels, taps), `${[length, channels, taps]}`)
        }
      }
    }
  })
  test('selectiveScan is right', async () => {
    const backend = await start(2)
    for (const length of [1, 3, 4, 5, 15, 16, 17, 33]) {
      for (const dInner of [3, 4, 63, 64, 65]) {
        for (const dState of [1, 3, 4, 16, 18]) {
          await expectRight(backend, scan(length, dInner, dState), `${[length, dInner, dState]}`)
        }
      }
    }
  })
  test('ssd is right', async () => {
    const backend = await start(2)
    for (const length of [1, 2, 7, 8, 9, 15, 16, 17, 33]) {
      for (const headDim of [1, 4, 7, 8, 9, 16]) {
        for (const dState of [1, 4, 6, 16]) {
          await expectRight(backend, ssd(length, headDim, dState), `${[length, headDim, dState]}`)
        }
      }
    }
  })
  test('mamba3Scan is right', async () => {
    const backend = await start(2)
    for (const length of [1, 2, 7, 8, 9, 15, 16, 17, 33]) {
      for (const rank of [1, 2, 3, 4, 16, 17]) {
        for (const dState of [10, 16]) {
          await expectRight(backend, mamba3(length, rank, dState), `${[length, rank, dState]}`)
        }
      }
    }
  })
})

test('sizes beyond the usual scratch memory are right', async () => {
  const backend = await start(2)
  await expectRight(backend, scan(5, 70, 1100), 'selectiveScan')
  for (const length of [2, 20]) {
    await expectRight(backend, ssd(length, 300, 260), 'ssd')
    await expectRight(backend, mamba3(length, 70, 600), 'mamba3Scan')
  }
  await expectRight(backend, convolution(3, 70, 1100), 'causalConv1d')
})

/** Short and long calls of each recurrence. */
const recurrences: readonly (readonly [string, (override?: Override) => Prepare])[] = [
  ['selectiveScan, short', (override) => scan(3, 20, 16, override)],
  ['selectiveScan, long', (override) => scan(40, 20, 16, override)],
  ['ssd, short', (override) => ssd(3, 12, 16, override)],
  ['ssd, long', (override) => ssd(40, 12, 16, override)],
  ['mamba3Scan, short', (override) => mamba3(3, 2, 16, override)],
  ['mamba3Scan, long', (override) => mamba3(40, 2, 16, override)],
]

describe.each(recurrences)('%s', (_, prepare) => {
  test('gives the same bits on any number of threads', async () => {
    expect(await run(await start(2), prepare())).toEqual(await run(await start(1), prepare()))
  })

  test('forgets, and stays finite, where a step is huge', async () => {
    const results = await run(await start(1), prepare({ step: 1e6, input: 1e-6 }))
    for (const value of results.flatMap((result) => [...result])) expect(value).toSatisfy(Number.isFinite)
  })

  test('leaves no subnormal number in a state after a long silence', async () => {
    const backend = await start(1)
    const { call, states } = prepareOn(backend, prepare({ input: 0, step: 1 }))
    for (let round = 0; round < 200; round++) call(backend.ops).destroy()
    for (const state of states) {
      const subnormal = ((await state.read()) as Float32Array).filter(
        (h) => h !== 0 && Math.abs(h) < 2 ** -126,
      )
      expect(subnormal).toEqual(new Float32Array(0))
    }
  })
})
