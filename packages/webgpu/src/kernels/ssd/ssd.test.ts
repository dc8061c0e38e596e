import type { SsdArgs, Tensor } from '@mamba/core'
import * as ssm from '@mamba/core/ssm'
import {
  abs,
  EPSILON,
  expectSame,
  expectWithin,
  fill,
  joinAxis,
  seededRandom,
  ssdInputs,
} from '@mamba/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { WebGpuBackend } from '../../backend.ts'
import type { Capabilities } from '../../device/capabilities.ts'
import type { Planner } from '../../planner.ts'
import { plannerOf } from '../../testing/planner-of.ts'
import { webgpu } from '../../webgpu.ts'
import { planSsd, planSsdBlocks } from './ssd.ts'
import { planSsdStep } from './step.ts'

interface Case {
  readonly batch: number
  readonly length: number
  readonly nHeads: number
  readonly headDim: number
  readonly nGroups: number
  readonly dState: number
  readonly seed: number
}

/** How a call is planned. */
interface Path {
  /** Positions of a chunk; 0: the recurrence; undefined: as the op chooses. */
  readonly chunk?: number
  readonly capabilities?: Partial<Capabilities>
  /** Whether x, B and C are columns of one tensor, as in models. */
  readonly isPacked?: boolean
}

/** That of the conformance tests. */
const tolerance = { epsilon: EPSILON.f32, observed: 96, k: 256 }
const dtLimit = [0, Number.POSITIVE_INFINITY] as const

const cases: fc.Arbitrary<Case> = fc
  .record({
    batch: fc.integer({ min: 1, max: 2 }),
    length: fc.integer({ min: 1, max: 40 }),
    nGroups: fc.integer({ min: 1, max: 2 }),
    headsPerGroup: fc.integer({ min: 1, max: 2 }),
    headDim: fc.constantFrom(1, 4, 7, 64, 65),
    dState: fc.constantFrom(4, 5, 16, 36, 68),
    seed: fc.noShrink(fc.nat()),
  })
  .map(({ headsPerGroup, ...value }) => ({ ...value, nHeads: value.nGroups * headsPerGroup }))

let backend: WebGpuBackend

beforeAll(async () => {
  backend = await webgpu({ software: true })
})
afterAll(() => backend.destroy())

describe('ssd', () => {
  test('in chunks of any length equals the float64 reference', async () => {
    const chunks = fc.constantFrom(1, 3, 8, 16, 17, 64)
    await fc.assert(
      fc.asyncProperty(cases, chunks, fc.boolean(), async (value, chunk, isPacked) => {
        await expectReference(value, { chunk, isPacked })
      }),
      { numRuns: 8 },
    )
  })

  test.each<{ name: string; capabilities: Partial<Capabilities> }>([
    { name: '8 storage buffers', capabilities: { maxStorageBuffers: 8 } },
    { name: 'no subgroups', capabilities: { subgroups: undefined } },
  ])('as a recurrence with $name equals the float64 reference', async ({ capabilities }) => {
    await fc.assert(
      fc.asyncProperty(cases, fc.boolean(), async (value, isPacked) => {
        await expectReference(
          { ...value, length: (value.length % 4) + 1 },
          { chunk: 0, capabilities, isPacked },
        )
      }),
      { numRuns: 3 },
    )
  })

  test('is cut into spans where memory is short, and gives a sequence the same bits in any batch', async () => {
    const value: Case = { batch: 3, length: 45, nHeads: 2, headDim: 5, nGroups: 2, dState: 8, seed: 3 }
    // The states of two chunks of two sequences.
    const capabilities = { maxBindingBytes: 2 * 2 * 2 * 4 * 64 * 64 }
    await expectReference(value, { chunk: 8, capabilities })
    const inputs = inputsOf(value)
    const { y, h } = await run(value, inputs, { chunk: 8, capabilities })
    const whole = await run(value, inputs, { chunk: 8 })
    expectSame(y, whole.y)
    expectSame(h, whole.h)
    const alone = await run({ ...value, batch: 1 }, firstOf(inputs, value), { chunk: 8, capabilities })
    expectSame(alone.y, y.subarray(0, alone.y.length))
    expectSame(alone.h, h.subarray(0, alone.h.length))
  })

  test('takes several rows at once for many sequences, which changes no bit', async () => {
    const value: Case = { batch: 4, length: 1, nHeads: 64, headDim: 33, nGroups: 1, dState: 68, seed: 5 }
    const inputs = inputsOf(value)
    const path = { chunk: 0, capabilities: { subgroups: undefined } }
    const { y, h } = await run(value, inputs, path)
    const alone = await run({ ...value, batch: 1 }, firstOf(inputs, value), path)
    expectSame(alone.y, y.subarray(0, alone.y.length))
    expectSame(alone.h, h.subarray(0, alone.h.length))
    await expectReference(value, path)
  })

  test('keeps the digits of small steps after enormous ones, and of slow decay over thousands', async () => {
    const value: Case = { batch: 1, length: 64, nHeads: 1, headDim: 3, nGroups: 1, dState: 5, seed: 5 }
    const inputs = inputsOf(value)
    // Δ |A| of 1e-4, and every ninth time of 1e6: running sums of float32 would be off by 6 %.
    inputs.dt.forEach((_, i) => {
      inputs.dt[i] = i % 9 === 4 ? 1e5 : Math.log(Math.expm1(1e-5))
    })
    inputs.A.fill(-10)
    await expectResult(value, inputs, { chunk: 64 })

    const long: Case = { ...value, length: 2000 }
    const slow = inputsOf(long)
    // A decay that is rounded the same way every time.
    slow.dt.fill(Math.log(Math.expm1(1.3e-3)))
    slow.A.fill(-0.1)
    await expectResult(long, slow, {})
    await expectResult(long, slow, { chunk: 0 })
  })

  test('plans long sequences in four kernels, short ones in one', () => {
    const labels = (length: number) => {
      const value = { batch: 2, length, nHeads: 2, headDim: 4, nGroups: 1, dState: 4, seed: 1 }
      const found: string[] = []
      const planner: Planner = {
        ...plannerOf(backend),
        dispatch: ({ kernel }) => {
          found.push(kernel.label)
        },
      }
      const args = argsOf(value, inputsOf(value), { isPacked: true })
      const y = backend.zeros(args.x.shape)
      planSsd(planner, { op: 'ssd', args, y })
      for (const tensor of [...tensorsIn(args), y]) (tensor.base ?? tensor).destroy()
      return found
    }
    expect(labels(15)).toEqual(['ssd, step'])
    expect(labels(16)).toEqual(['ssd, frames', 'blocks, states', 'blocks, pass', 'blocks, outputs'])
  })
})

/** Random inputs; D per channel where the seed is odd. */
function inputsOf(value: Case) {
  const { delta, D, ...inputs } = ssdInputs(value, value.seed)
  const random = seededRandom(~value.seed)
  const dtBias = fill(value.nHeads, random.normal)
  const skips = value.seed % 2 === 0 ? D : fill(value.nHeads * value.headDim, random.normal)
  const dt = delta.map(
    (step, i) => (step > 20 ? step : Math.log(Math.expm1(step))) - dtBias[i % value.nHeads]!,
  )
  return { ...inputs, D: skips, dt, dtBias }
}

type Inputs = ReturnType<typeof inputsOf>

/** The inputs of the first sequence. */
function firstOf({ x, dt, B, C, h0, ...weights }: Inputs, { batch }: Case): Inputs {
  const first = (data: Float32Array) => data.slice(0, data.length / batch)
  return { x: first(x), dt: first(dt), B: first(B), C: first(C), h0: first(h0), ...weights }
}

function argsOf(value: Case, inputs: Inputs, { isPacked = false }: Path): SsdArgs {
  const { batch, length, nHeads, headDim, nGroups, dState } = value
  const tensor = (data: Float32Array, ...shape: number[]) => backend.tensor(data, shape, 'f32')
  const widths = [nHeads * headDim, nGroups * dState, nGroups * dState] as const
  const parts = [inputs.x, inputs.B, inputs.C] as const
  let views = parts.map((data, i) => tensor(data, batch, length, widths[i]!))
  if (isPacked) {
    for (const view of views) view.destroy()
    const width = widths[0] + 2 * widths[1]
    const packed = tensor(joinAxis(parts, [batch * length, width], 1), batch, length, width)
    const ends = [widths[0], widths[0] + widths[1], width]
    views = ends.map((end, i) => packed.columns(end - widths[i]!, end))
  }
  const [x, B, C] = views as [Tensor, Tensor, Tensor]
  return {
    x,
    B,
    C,
    dt: tensor(inputs.dt, batch, length, nHeads),
    dtBias: tensor(inputs.dtBias, nHeads),
    dtLimit,
    A: tensor(inputs.A, nHeads),
    D: tensor(inputs.D, inputs.D.length),
    state: tensor(inputs.h0.slice(), batch, nHeads, headDim, dState),
  }
}

function tensorsIn({ x, B, C, dt, dtBias, A, D, state }: SsdArgs): Tensor[] {
  return [...new Set([x, B, C].map((tensor) => tensor.base ?? tensor)), dt, dtBias, A, D, state]
}

async function run(value: Case, inputs: Inputs, path: Path) {
  const args = argsOf(value, inputs, path)
  const y = backend.zeros(args.x.shape)
  const planner = plannerOf(backend, path.capabilities)
  const node = { op: 'ssd', args, y } as const
  if (path.chunk === undefined) planSsd(planner, node)
  else if (path.chunk === 0) planSsdStep(planner, node)
  else planSsdBlocks(planner, node, path.chunk)
  const [yData, h] = (await Promise.all([y.read(), args.state.read()])) as [Float32Array, Float32Array]
  for (const tensor of [...tensorsIn(args), y]) tensor.destroy()
  return { y: yData, h }
}

async function expectReference(value: Case, path: Path): Promise<void> {
  await expectResult(value, inputsOf(value), path)
}

async function expectResult(value: Case, inputs: Inputs, path: Path): Promise<void> {
  const got = await run(value, inputs, path)
  const delta = Float64Array.from(inputs.dt, (raw, i) => ssm.softplus(raw + inputs.dtBias[i % value.nHeads]!))
  const { x, A, B, C, D, h0 } = inputs
  const want = ssm.ssd({ x, delta, A, B, C, D, h0 }, value)
  const scale = ssm.ssd({ x: abs(x), delta, A, B: abs(B), C: abs(C), D: abs(D), h0: abs(h0) }, value)
  expectWithin(got.y, want.y, scale.y, tolerance)
  expectWithin(got.h, want.h, scale.h, tolerance)
}
