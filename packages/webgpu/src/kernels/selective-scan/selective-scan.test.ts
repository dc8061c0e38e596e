import type { SelectiveScanArgs } from '@mamba/core'
import * as ssm from '@mamba/core/ssm'
import {
  abs,
  EPSILON,
  expectSame,
  expectWithin,
  fill,
  seededRandom,
  selectiveScanInputs,
} from '@mamba/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { WebGpuBackend } from '../../backend.ts'
import { plannerOf } from '../../testing/planner-of.ts'
import { webgpu } from '../../webgpu.ts'
import { planSelectiveScan, planSelectiveScanAs, type ScanForm } from './selective-scan.ts'

interface Case {
  readonly batch: number
  readonly length: number
  readonly dInner: number
  readonly dState: number
  readonly hasGate: boolean
  readonly hasBias: boolean
  readonly seed: number
}

/** How a scan is planned. */
interface Path {
  /** Default: as the op chooses. */
  readonly form?: ScanForm
  /** Default: what the device has. */
  readonly maxStorageBuffers?: number
}

/** That of the conformance tests. */
const tolerance = { epsilon: EPSILON.f32, observed: 96, k: 256 }

const cases: fc.Arbitrary<Case> = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  length: fc.oneof(fc.constantFrom(1, 16, 31, 32, 33, 64, 65), fc.integer({ min: 1, max: 70 })),
  dInner: fc.oneof(fc.constantFrom(1, 63, 64, 65), fc.integer({ min: 1, max: 66 })),
  dState: fc.constantFrom(7, 16),
  hasGate: fc.boolean(),
  hasBias: fc.boolean(),
  seed: fc.noShrink(fc.nat()),
})

let backend: WebGpuBackend

beforeAll(async () => {
  backend = await webgpu({ software: true })
})
afterAll(() => backend.destroy())

describe('the selective scan', () => {
  test('in chunks of any length equals the float64 reference', async () => {
    const chunkLengths = fc.constantFrom(5, 16, 32, 64)
    await fc.assert(
      fc.asyncProperty(cases, chunkLengths, async (value, chunkLength) => {
        await expectReference(value, { form: { chunkLength } })
      }),
      { numRuns: 6 },
    )
  })

  test.each<{ form: ScanForm }>([{ form: 'step' }, { form: 'short' }, { form: { chunkLength: 32 } }])(
    'with 8 storage buffers equals the float64 reference: $form',
    async ({ form }) => {
      await fc.assert(
        fc.asyncProperty(cases, async (value) => {
          await expectReference(value, { form, maxStorageBuffers: 8 })
        }),
        { numRuns: 3 },
      )
    },
  )

  test('has any number of states, none included', async () => {
    // 300 are more than the invocations of a workgroup take at once.
    for (const [dState, length] of [
      [0, 5],
      [66, 9],
      [300, 3],
    ] as const) {
      const value = { batch: 2, length, dInner: 5, dState, hasGate: true, hasBias: true, seed: 7 }
      await expectReference(value, { form: 'step' })
      await expectReference(value, { form: 'short' })
    }
  })

  test('gives a sequence the same bits in any batch, also where it is cut', async () => {
    const value: Case = {
      batch: 2,
      length: 300,
      dInner: 5,
      dState: 16,
      hasGate: true,
      hasBias: true,
      seed: 3,
    }
    const { y, h } = await run(value, inputsOf(value))
    const alone = await run({ ...value, batch: 1 }, firstOf(inputsOf(value), value))
    expectSame(alone.y, y.subarray(0, alone.y.length))
    expectSame(alone.h, h.subarray(0, alone.h.length))
  })

  test('keeps the digits of a slow decay over thousands of positions', async () => {
    const value: Case = {
      batch: 1,
      length: 4000,
      dInner: 3,
      dState: 7,
      hasGate: false,
      hasBias: false,
      seed: 5,
    }
    const inputs = inputsOf(value)
    const random = seededRandom(6)
    inputs.dt.set(inputs.dt.map(() => Math.log(Math.expm1(random.logUniform(5e-4, 2e-3)))))
    inputs.A.set(inputs.A.map(() => -random.logUniform(0.1, 1)))
    await expectResult(value, inputs, {})
    await expectResult(value, inputs, { form: 'step' })
    await expectResult(value, inputs, { form: 'short' })
  })

  test('plans long sequences in three kernels, short ones in one, whatever the batch', () => {
    const kernels = (length: number, batch: number) => {
      const value = { batch, length, dInner: 2, dState: 16, hasGate: false, hasBias: false, seed: 1 }
      const labels: string[] = []
      const planner = {
        ...plannerOf(backend),
        dispatch: ({ kernel }: { kernel: { label: string } }) => labels.push(kernel.label),
      }
      const y = backend.zeros([batch, length, 2])
      const args = argsOf(value, inputsOf(value))
      planSelectiveScan(
        { ...planner, dispatch: (dispatch) => void planner.dispatch(dispatch) },
        { op: 'selectiveScan', args, y },
      )
      for (const tensor of [...Object.values(args), y]) tensor?.destroy()
      return labels
    }
    const chunked = ['selectiveScan, states', 'selectiveScan, carry', 'selectiveScan, outputs']
    expect(kernels(1, 1)).toEqual(['selectiveScan, step'])
    expect(kernels(1, 64)).toEqual(['selectiveScan, step'])
    expect(kernels(100, 1)).toEqual(['selectiveScan'])
    expect(kernels(1000, 1)).toEqual(chunked)
    expect(kernels(1000, 3)).toEqual(chunked)
  })
})

type Inputs = ReturnType<typeof inputsOf>

function inputsOf({ hasBias, ...dims }: Case) {
  const random = seededRandom(~dims.seed)
  const { delta, ...inputs } = selectiveScanInputs(dims, dims.seed)
  return {
    ...inputs,
    dt: delta.map((step) => (step > 20 ? step : Math.log(Math.expm1(step)))),
    z: fill(delta.length, () => 2 * random.normal()),
    dtBias: fill(dims.dInner, () => (hasBias ? random.normal() : 0)),
  }
}

/** The inputs of the first sequence of a batch. */
function firstOf(inputs: Inputs, { batch }: Case): Inputs {
  const first = (data: Float32Array) => data.slice(0, data.length / batch)
  const { u, dt, B, C, z, h0 } = inputs
  return { ...inputs, u: first(u), dt: first(dt), B: first(B), C: first(C), z: first(z), h0: first(h0) }
}

function argsOf(
  { batch, length, dInner, dState, hasGate, hasBias }: Case,
  inputs: Inputs,
): SelectiveScanArgs {
  const tensor = (data: Float32Array, ...shape: number[]) => backend.tensor(data.slice(), shape, 'f32')
  const { u, dt, B, C, A, D, h0, z, dtBias } = inputs
  return {
    u: tensor(u, batch, length, dInner),
    dt: tensor(dt, batch, length, dInner),
    B: tensor(B, batch, length, dState),
    C: tensor(C, batch, length, dState),
    A: tensor(A, dInner, dState),
    D: tensor(D, dInner),
    state: tensor(h0, batch, dInner, dState),
    ...(hasGate && { z: tensor(z, batch, length, dInner) }),
    ...(hasBias && { dtBias: tensor(dtBias, dInner) }),
  }
}

async function run(value: Case, inputs: Inputs, { form, maxStorageBuffers }: Path = {}) {
  const args = argsOf(value, inputs)
  const y = backend.zeros(args.u.shape)
  const planner = plannerOf(backend, maxStorageBuffers === undefined ? {} : { maxStorageBuffers })
  const node = { op: 'selectiveScan', args, y } as const
  if (form === undefined) planSelectiveScan(planner, node)
  else planSelectiveScanAs(form, planner, node)
  const [yData, h] = await Promise.all([y.read(), args.state.read()])
  for (const tensor of [...Object.values(args), y]) tensor?.destroy()
  return { y: yData as Float32Array, h: h as Float32Array }
}

function expectReference(value: Case, path: Path): Promise<void> {
  return expectResult(value, inputsOf(value), path)
}

async function expectResult(value: Case, inputs: Inputs, path: Path): Promise<void> {
  const { u, dt, B, C, D, h0, z, dtBias } = inputs
  const got = await run(value, inputs, path)
  const delta = Float64Array.from(dt, (raw, i) => ssm.softplus(raw + dtBias[i % value.dInner]!))
  const want = ssm.selectiveScan({ ...inputs, delta }, value)
  const absolute = { u: abs(u), B: abs(B), C: abs(C), D: abs(D), h0: abs(h0) }
  const scale = ssm.selectiveScan({ ...inputs, ...absolute, delta }, value)
  if (value.hasGate) {
    for (const [i, gate] of z.entries()) {
      want.y[i]! *= ssm.silu(gate)
      scale.y[i]! *= ssm.silu(Math.abs(gate))
    }
  }
  expectWithin(got.y, want.y, scale.y, tolerance)
  expectWithin(got.h, want.h, scale.h, tolerance)
}
