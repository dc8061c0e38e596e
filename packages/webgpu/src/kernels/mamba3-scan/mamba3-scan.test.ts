import { type Backend, cpu, type Mamba3ScanArgs, type Tensor } from '@mamba/core'
import {
  expectSame,
  fill,
  joinAxis,
  mamba3RotateInputs,
  mamba3ScanInputs,
  seededRandom,
} from '@mamba/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { WebGpuBackend } from '../../backend.ts'
import type { Capabilities } from '../../device/capabilities.ts'
import type { Planner } from '../../planner.ts'
import { plannerOf } from '../../testing/planner-of.ts'
import { webgpu } from '../../webgpu.ts'
import { planMamba3Blocks } from './in-blocks.ts'
import { planMamba3Scan } from './mamba3-scan.ts'
import { planMamba3Step } from './step.ts'

interface Case {
  readonly batch: number
  readonly length: number
  readonly rank: number
  readonly isMimo: boolean
  readonly hasNorm: boolean
  readonly nHeads: number
  readonly headDim: number
  readonly nGroups: number
  readonly dState: number
  readonly nAngles: number
  readonly seed: number
}

/** How a call is planned. */
interface Path {
  /** Positions of a chunk; 0: the recurrence; undefined: as the op chooses. */
  readonly chunk?: number
  readonly capabilities?: Partial<Capabilities>
  /** Whether the activations but B and C are columns of one tensor, as in models. */
  readonly isPacked?: boolean
}

interface Outcome {
  readonly y: Float32Array
  readonly angle: Float32Array
  readonly ssm: Float32Array
  readonly k: Float32Array
  readonly v: Float32Array
}

const cases: fc.Arbitrary<Case> = fc
  .record({
    batch: fc.integer({ min: 1, max: 2 }),
    length: fc.integer({ min: 1, max: 40 }),
    mimoRank: fc.integer({ min: 0, max: 4 }),
    hasNorm: fc.boolean(),
    nGroups: fc.integer({ min: 1, max: 2 }),
    headsPerGroup: fc.integer({ min: 1, max: 2 }),
    headDim: fc.constantFrom(1, 4, 7, 64, 65),
    halfState: fc.constantFrom(1, 2, 9, 16, 34),
    seed: fc.noShrink(fc.nat()),
  })
  .map(({ mimoRank, headsPerGroup, halfState, ...value }) => ({
    ...value,
    isMimo: mimoRank > 0,
    rank: Math.max(1, mimoRank),
    nHeads: value.nGroups * headsPerGroup,
    // Odd where halves are not paired.
    dState: 2 * halfState + (mimoRank === 0 && value.seed % 3 === 0 ? 1 : 0),
    nAngles: Math.max(1, Math.floor(halfState * (value.seed % 2 === 0 ? 1 : 0.5))),
  }))

const siso: Case = {
  ...{ batch: 1, length: 1, rank: 1, isMimo: false, hasNorm: false, nHeads: 2, headDim: 5, nGroups: 1 },
  ...{ dState: 12, nAngles: 3, seed: 3 },
}
const mimo: Case = { ...siso, rank: 4, isMimo: true }

const reference = cpu()
let backend: WebGpuBackend

beforeAll(async () => {
  backend = await webgpu({ software: true })
})
afterAll(() => backend.destroy())

describe('mamba3Scan', () => {
  test('in chunks of any length equals the cpu backend', async () => {
    const chunks = fc.constantFrom(1, 3, 8, 16)
    await fc.assert(
      fc.asyncProperty(
        cases,
        fc.option(chunks, { nil: 64 }),
        fc.boolean(),
        async (value, chunk, isPacked) => {
          await expectReference(value, { chunk: Math.min(chunk, Math.floor(64 / value.rank)), isPacked })
        },
      ),
      { numRuns: 8 },
    )
  })

  test.each<{ name: string; capabilities: Partial<Capabilities> }>([
    { name: '8 storage buffers', capabilities: { maxStorageBuffers: 8 } },
    { name: 'no subgroups', capabilities: { subgroups: undefined } },
  ])('as a recurrence with $name equals the cpu backend', async ({ capabilities }) => {
    await fc.assert(
      fc.asyncProperty(cases, fc.boolean(), async (value, isPacked) => {
        const short = { ...value, length: (value.length % 4) + 1 }
        await expectReference(short, { chunk: 0, capabilities, isPacked })
      }),
      { numRuns: 3 },
    )
  })

  test('needs no more of a device than all have', async () => {
    const features = { subgroups: false }
    const least = await webgpu({ software: true, limits: 'default', features })
    for (const value of [
      siso,
      mimo,
      { ...siso, dState: 66, nAngles: 33 },
      { ...mimo, dState: 128, length: 16 },
    ]) {
      const inputs = inputsOf(value)
      const { args, owned } = argsOf(least, value, inputs, {})
      const got = await read(least.ops.mamba3Scan(args), args)
      expectNear(got, await onCpu(value, inputs))
      for (const tensor of owned) tensor.destroy()
    }
    least.destroy()
  })

  test('is cut into spans where memory is short', async () => {
    for (const value of [
      { ...siso, batch: 3, length: 45 },
      { ...mimo, batch: 2, length: 21, hasNorm: true },
    ]) {
      // The scores of four chunks of one sequence.
      const capabilities = { maxBindingBytes: 4 * value.nHeads * 4 * 64 * 64 }
      await expectReference(value, { chunk: 4, capabilities })
    }
  })

  test('gives a sequence the same bits in any batch, in both forms', async () => {
    for (const chunk of [0, 4]) {
      const value = { ...mimo, batch: 3, length: 6, hasNorm: true }
      const together = await run(value, inputsOf(value), { chunk })
      const alone = await run({ ...value, batch: 1 }, firstOf(inputsOf(value), value), { chunk })
      for (const name of ['y', 'angle', 'ssm', 'k', 'v'] as const) {
        expectSame(alone[name], together[name].subarray(0, alone[name].length))
      }
    }
  })

  test('keeps the angles over thousands of positions', async () => {
    const value = { ...siso, length: 5000, nHeads: 1, headDim: 1, dState: 4, nAngles: 2 }
    const inputs = inputsOf(value)
    // A hundred turns forth and back, and turns so small that running sums of float32 would lose them.
    for (let t = 0; t < value.length; t++) inputs.angles[2 * t + 1] = -1e-6
    const { angle } = await run(value, inputs, {})
    const wanted = await onCpu(value, inputs)
    expect(Math.abs(angle[0]! - wanted.angle[0]!)).toBeLessThan(5e-6)
    expect(Math.abs(angle[1]! - wanted.angle[1]!)).toBeLessThan(1e-6)
  })

  test('takes the block form where it is faster, and where the keys of a head are too many', () => {
    const blocks = [
      ...['mamba3Scan, frames', 'mamba3Scan, angles', 'mamba3Scan, rotate'],
      ...['blocks, states', 'blocks, pass', 'blocks, outputs', 'mamba3Scan, remember'],
    ]
    expect(labels({ ...siso, length: 15 })).toEqual(['mamba3Scan, step'])
    expect(labels({ ...siso, length: 16 })).toEqual(blocks)
    expect(labels({ ...mimo, length: 16 })).toEqual([...blocks, 'mamba3Scan, combine'])
    expect(labels({ ...mimo, dState: 256 })).toEqual([...blocks, 'mamba3Scan, combine'])
    expect(() => labels({ ...mimo, rank: 65, dState: 256 })).toThrow('64 ranks are the most')
  })
})

/** Steps of moderate size: the error of the angles grows with them, and cannot be told from other errors. */
function inputsOf(value: Case) {
  const { batch, length, nHeads, seed } = value
  const { B, C, BBias, CBias, angles, angleState } = mamba3RotateInputs(value, seed)
  const { v, D, mimoX, state } = mamba3ScanInputs(value, seed + 1)
  const random = seededRandom(~seed)
  const perHead = () => fill(batch * length * nHeads, random.normal)
  const weights = () => fill(mimoX.length, random.normal)
  return {
    ...{
      x: v,
      z: fill(v.length, random.normal),
      B,
      C,
      dt: perHead(),
      ddA: perHead(),
      trap: perHead(),
      angles,
    },
    ...{ BBias, CBias, D, dtBias: fill(nHeads, () => random.normal() - 2) },
    ...{
      mimoX: weights(),
      mimoZ: weights(),
      mimoO: weights(),
      norm: fill(nHeads * value.headDim, random.normal),
    },
    ...{ angle: angleState, ssm: state.h, k: state.k, v: state.v },
  }
}

type Inputs = ReturnType<typeof inputsOf>

/** The inputs of the first sequence. */
function firstOf(inputs: Inputs, { batch }: Case): Inputs {
  const names = ['x', 'z', 'B', 'C', 'dt', 'ddA', 'trap', 'angles', 'angle', 'ssm', 'k', 'v'] as const
  const first = names.map((name) => [name, inputs[name].slice(0, inputs[name].length / batch)])
  return { ...inputs, ...Object.fromEntries(first) }
}

/** The arguments, and all tensors that they are made of. */
function argsOf(owner: Backend, value: Case, inputs: Inputs, { isPacked = false }: Path) {
  const { batch, length, rank, nHeads, headDim, nGroups, dState, nAngles, isMimo, hasNorm } = value
  const owned: Tensor[] = []
  const tensor = (data: Float32Array, ...shape: number[]) => {
    const made = owner.tensor(data.slice(), shape, 'f32')
    owned.push(made)
    return made
  }
  const names = ['x', 'z', 'dt', 'ddA', 'trap', 'angles'] as const
  const widths = [nHeads * headDim, nHeads * headDim, nHeads, nHeads, nHeads, nAngles]
  const packed = () => {
    const width = widths.reduce((sum, own) => sum + own)
    const parts = names.map((name) => inputs[name])
    return tensor(joinAxis(parts, [batch * length, width], 1), batch, length, width)
  }
  const base = isPacked ? packed() : undefined
  let end = 0
  const views = names.map((name, i) => {
    end += widths[i]!
    return base?.columns(end - widths[i]!, end) ?? tensor(inputs[name], batch, length, widths[i]!)
  })
  const [x, z, dt, ddA, trap, angles] = views as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]
  const perRank = (data: Float32Array) => tensor(data, nHeads, rank, headDim)
  const args: Mamba3ScanArgs = {
    ...{ x, z, dt, ddA, trap, angles, aFloor: 1e-4 },
    B: tensor(inputs.B, batch, length, rank * nGroups * dState),
    C: tensor(inputs.C, batch, length, rank * nGroups * dState),
    dtBias: tensor(inputs.dtBias, nHeads),
    BBias: tensor(inputs.BBias, nHeads, rank, dState),
    CBias: tensor(inputs.CBias, nHeads, rank, dState),
    D: tensor(inputs.D, nHeads),
    mimo: isMimo
      ? { x: perRank(inputs.mimoX), z: perRank(inputs.mimoZ), o: perRank(inputs.mimoO) }
      : undefined,
    norm: hasNorm ? { weight: tensor(inputs.norm, nHeads * headDim), eps: 1e-5 } : undefined,
    state: {
      angle: tensor(inputs.angle, batch, nHeads, nAngles),
      ssm: tensor(inputs.ssm, batch, nHeads, headDim, dState),
      k: tensor(inputs.k, batch, rank, nHeads, dState),
      v: tensor(inputs.v, batch, nHeads, headDim),
    },
  }
  return { args, owned }
}

async function read(y: Tensor, { state }: Mamba3ScanArgs): Promise<Outcome> {
  const tensors = { y, ...state }
  const data = await Promise.all(Object.values(tensors).map((tensor) => tensor.read()))
  return Object.fromEntries(Object.keys(tensors).map((name, i) => [name, data[i]])) as unknown as Outcome
}

async function run(value: Case, inputs: Inputs, path: Path): Promise<Outcome> {
  const { args, owned } = argsOf(backend, value, inputs, path)
  const y = backend.zeros(args.x.shape)
  const planner = plannerOf(backend, path.capabilities)
  const node = { op: 'mamba3Scan', args, y } as const
  if (path.chunk === undefined) planMamba3Scan(planner, node)
  else if (path.chunk === 0) planMamba3Step(planner, node)
  else planMamba3Blocks(planner, node, path.chunk)
  const outcome = await read(y, args)
  for (const tensor of [...owned, y]) tensor.destroy()
  return outcome
}

function onCpu(value: Case, inputs: Inputs): Promise<Outcome> {
  const { args } = argsOf(reference, value, inputs, {})
  return read(reference.ops.mamba3Scan(args), args)
}

async function expectReference(value: Case, path: Path): Promise<void> {
  const inputs = inputsOf(value)
  expectNear(await run(value, inputs, path), await onCpu(value, inputs))
}

function expectNear(got: Outcome, want: Outcome): void {
  for (const name of ['y', 'angle', 'ssm', 'k', 'v'] as const) {
    const largest = want[name].reduce((top, x) => Math.max(top, Math.abs(x)), 0)
    // However small an angle is, it is what whole turns have left of a sum; and just below a turn is just above none.
    const [unit, turn] = name === 'angle' ? [TURN, TURN] : [largest, Number.POSITIVE_INFINITY]
    const off = got[name].reduce((top, x, i) => {
      const difference = Math.abs(x - want[name][i]!)
      return Math.max(top, Math.min(difference, turn - difference))
    }, 0)
    expect(off / unit, `largest error of ${name}, in units of its largest element or of a turn`).toBeLessThan(
      LIMIT[name],
    )
  }
}

const TURN = 2 * Math.PI

/** Three times what was seen, but for v, which is copied. */
const LIMIT = { y: 3e-6, angle: 1e-6, ssm: 2e-6, k: 4e-6, v: 1e-12 } as const

/** The kernels of a call. */
function labels(value: Case): string[] {
  const found: string[] = []
  const planner: Planner = {
    ...plannerOf(backend),
    dispatch: ({ kernel }) => {
      found.push(kernel.label)
    },
  }
  const { args, owned } = argsOf(backend, value, inputsOf(value), { isPacked: true })
  const y = backend.zeros(args.x.shape)
  try {
    planMamba3Scan(planner, { op: 'mamba3Scan', args, y })
  } finally {
    for (const tensor of [...owned, y]) tensor.destroy()
  }
  return found
}
