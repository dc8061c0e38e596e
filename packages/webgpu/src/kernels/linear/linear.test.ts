import { cpu, fromFloat32, type RmsNormArgs, type Tensor, type TypedArray, toFloat32 } from '@mamba/core'
import { abs, EPSILON, expectWithin, fill, type Random, seededRandom } from '@mamba/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { WebGpuBackend } from '../../backend.ts'
import type { LinearNode } from '../../ops/node.ts'
import { limitedBackend } from '../../testing/limited.ts'
import { plannerOf } from '../../testing/planner-of.ts'
import { webgpu } from '../../webgpu.ts'
import { canMergeNorm, type FewRowsShape, planFewRows } from './few-rows.ts'
import { planLinear } from './linear.ts'
import { planManyRows } from './many-rows.ts'
import { planMatrixUnits } from './matrix-units.ts'
import type { Division } from './tiles.ts'
import type { WeightDType } from './weights.ts'

const tolerance = { epsilon: EPSILON.f32, observed: 7, k: 20 }
const reference = cpu()

interface Sizes {
  readonly rows: number
  readonly dIn: number
  readonly dOut: number
  /** Elements before x, and before W, in the tensors of which they are columns; after each are as many and one. */
  readonly before?: { readonly x: number; readonly weight: number }
}

/** Random arguments of `linear`, and what it must give. */
class Problem {
  readonly sizes: Sizes
  readonly dtype: WeightDType
  readonly random: Random
  readonly #x: Float32Array
  readonly #weight: TypedArray
  readonly #bias: Float32Array | undefined

  constructor(sizes: Sizes, dtype: WeightDType, hasBias = true) {
    const { rows, dIn, dOut } = sizes
    this.sizes = sizes
    this.dtype = dtype
    this.random = seededRandom(31 * rows + 7 * dIn + dOut)
    this.#x = fill(rows * dIn, this.random.normal)
    this.#weight = fromFloat32(dtype, fill(dOut * dIn, this.random.normal))
    this.#bias = hasBias ? fill(dOut, this.random.normal) : undefined
  }

  /** The arguments on a backend. */
  on(backend: WebGpuBackend) {
    const { rows, dIn, dOut, before } = this.sizes
    const x = backend.tensor(padded(this.#x, dIn, before?.x), [rows, width(dIn, before?.x)], 'f32')
    const weight =
      before === undefined
        ? backend.tensor(this.#weight.slice(), [dOut, dIn], this.dtype)
        : backend.tensor(
            padded(this.#weight, dIn, before.weight),
            [dOut, width(dIn, before.weight)],
            this.dtype,
          )
    const bias = this.#bias && backend.tensor(this.#bias.slice(), [dOut], 'f32')
    const columns = (tensor: Tensor, start = 0) => tensor.columns(start, start + dIn)
    return { x: columns(x, before?.x), weight: columns(weight, before?.weight), bias }
  }

  /** Asserts that y is the product. */
  async expect(y: Tensor): Promise<void> {
    const { rows, dIn, dOut } = this.sizes
    const values = toFloat32(this.dtype, this.#weight, dOut * dIn)
    const product = async (of: (data: Float32Array) => Float32Array) => {
      const { ops } = reference
      const tensor = (data: Float32Array, ...shape: number[]) => reference.tensor(of(data), shape, 'f32')
      const bias = this.#bias && tensor(this.#bias, dOut)
      const y = ops.linear(tensor(this.#x, rows, dIn), tensor(values, dOut, dIn), bias)
      return (await y.read()) as Float32Array
    }
    const got = (await y.read()) as Float32Array
    expectWithin(got, await product((data) => data), await product(abs), tolerance)
  }
}

function width(columns: number, before: number | undefined): number {
  return before === undefined ? columns : columns + 2 * before + 1
}

/** Rows with NaN before and after them. */
function padded<T extends TypedArray>(data: T, columns: number, before: number | undefined): T {
  if (before === undefined) return data.slice() as T
  const rows = data.length / columns
  const wide = width(columns, before)
  const all = new (data.constructor as new (length: number) => T)(rows * wide)
  all.fill(data instanceof Float32Array ? Number.NaN : 0x7fff)
  for (let row = 0; row < rows; row++) {
    all.set(data.subarray(row * columns, (row + 1) * columns), row * wide + before)
  }
  return all
}

/** Asserts that a plan gives the product. */
async function expectPlanned(
  backend: WebGpuBackend,
  problem: Problem,
  plan: (node: LinearNode) => void,
): Promise<void> {
  const { rows, dOut } = problem.sizes
  const args = problem.on(backend)
  const y = backend.zeros([rows, dOut])
  plan({ op: 'linear', ...args, y })
  await problem.expect(y)
  for (const tensor of [args.x, args.weight]) (tensor.base ?? tensor).destroy()
  args.bias?.destroy()
  y.destroy()
}

describe.each([true, false])('linear, with subgroups: %s', (subgroups) => {
  let backend: WebGpuBackend
  beforeAll(async () => {
    backend = await webgpu({ software: true, features: { subgroups } })
  })
  afterAll(() => backend.destroy())

  test.each([1, 3, 9])('gives %i rows', async (rows) => {
    const problem = new Problem({ rows, dIn: 64, dOut: 37 }, 'f16')
    await expectPlanned(backend, problem, (node) => planLinear(plannerOf(backend), node))
  })

  const fewRows: (Partial<FewRowsShape> & { dtype: WeightDType })[] = [
    { dtype: 'f32', outputs: 1, unroll: 4, tile: 64 },
    { dtype: 'f16', outputs: 2, unroll: 3, tile: 96 },
    { dtype: 'bf16', outputs: 4, unroll: 1, tile: 32 },
    { dtype: 'q8_0', outputs: 4, unroll: 2, tile: 128 },
    { dtype: 'q4_0', outputs: 2, unroll: 1, tile: 256 },
  ]
  test.each(fewRows)('divides the work of few rows as %o', async ({ dtype, ...shape }) => {
    const problem = new Problem({ rows: 3, dIn: 288, dOut: 45 }, dtype)
    await expectPlanned(backend, problem, (node) =>
      planFewRows(plannerOf(backend), node, { rows: 2, ...shape }),
    )
  })

  test.each([
    { rows: 2, dIn: 40, before: { x: 4, weight: 8 } },
    { rows: 2, dIn: 43, before: { x: 3, weight: 5 } },
  ])('reads columns that lie anywhere, %o', async (sizes) => {
    for (const dtype of ['f32', 'f16', 'bf16'] as const) {
      const problem = new Problem({ ...sizes, dOut: 21 }, dtype)
      await expectPlanned(backend, problem, (node) => planLinear(plannerOf(backend), node))
    }
  })
})

describe('linear', () => {
  let backend: WebGpuBackend
  beforeAll(async () => {
    backend = await webgpu({ software: true })
  })
  afterAll(() => backend.destroy())

  test.each([0, 8, 33, 70])('gives %i rows', async (rows) => {
    const problem = new Problem({ rows, dIn: 64, dOut: 37 }, 'f16')
    await expectPlanned(backend, problem, (node) => planLinear(plannerOf(backend), node))
  })

  const manyRows: (Partial<Division> & { dtype: WeightDType })[] = [
    { dtype: 'f32', tile: 'large', splits: 1 },
    { dtype: 'q8_0', tile: 'small', splits: 3 },
  ]
  test.each(manyRows)('divides the work of many rows as %o', async ({ dtype, ...shape }) => {
    const problem = new Problem({ rows: 131, dIn: 96, dOut: 140 }, dtype)
    await expectPlanned(backend, problem, (node) => planManyRows(plannerOf(backend), node, shape))
  })

  test.each([
    { rows: 36, dIn: 44, before: { x: 4, weight: 4 }, dtype: 'f16' },
    { rows: 36, dIn: 43, before: { x: 1, weight: 3 }, dtype: 'f16' },
    { rows: 36, dIn: 43, before: { x: 1, weight: 3 }, dtype: 'f32' },
  ] as const)('reads many columns that lie anywhere, %o', async ({ dtype, ...sizes }) => {
    const problem = new Problem({ ...sizes, dOut: 21 }, dtype)
    await expectPlanned(backend, problem, (node) => planLinear(plannerOf(backend), node))
  })

  test.each(['f32', 'q4_0'] as const)('has no use for the columns of nothing, %s', async (dtype) => {
    for (const rows of [2, 40]) {
      const problem = new Problem({ rows, dIn: 0, dOut: 5 }, dtype)
      await expectPlanned(backend, problem, (node) => planLinear(plannerOf(backend), node))
    }
  })

  test('gives every finite f16 back in tiles too', async () => {
    const size = 64
    const bits = Uint16Array.from({ length: 2 * 0x7c00 }, (_, i) => (i < 0x7c00 ? i : 0x400 + i))
    const dOut = bits.length / size
    const identity = Float32Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0))
    const x = backend.tensor(identity, [size, size], 'f32')
    const y = await backend.ops.linear(x, backend.tensor(bits, [dOut, size], 'f16')).read()
    const want = toFloat32('f16', bits, bits.length)
    const firstWrong = want.findIndex((value, i) => y[(i % size) * dOut + Math.floor(i / size)] !== value)
    expect(firstWrong).toBe(-1)
  })

  test.each(['q8_0', 'q4_0'] as const)('knows scales that are subnormal in float16, %s', async (dtype) => {
    for (const rows of [1, 33]) {
      const values = fill(8 * 64, seededRandom(rows).normal).map((value) => 1e-6 * value)
      const weight = backend.tensor(fromFloat32(dtype, values), [8, 64], dtype)
      const x = new Float32Array(rows * 64).fill(1)
      const y = (await backend.ops
        .linear(backend.tensor(x, [rows, 64], 'f32'), weight)
        .read()) as Float32Array
      const stored = toFloat32(dtype, fromFloat32(dtype, values), values.length)
      const sumOf = (row: number, of: (value: number) => number) =>
        stored.subarray(64 * row, 64 * (row + 1)).reduce((sum, value) => sum + of(value), 0)
      const want = y.map((_, i) => sumOf(i % 8, (value) => value))
      expectWithin(
        y,
        want,
        y.map((_, i) => sumOf(i % 8, Math.abs)),
        tolerance,
      )
    }
  })
})

describe('weights that are larger than a binding', () => {
  test.each(['f16', 'q8_0'] as const)('are multiplied part by part, %s', async (dtype) => {
    // As large as x is, in the case of many rows.
    const backend = await limitedBackend({ maxBindingBytes: 36 * 512 * 4 })
    for (const rows of [1, 36]) {
      const problem = new Problem({ rows, dIn: 512, dOut: 301 }, dtype)
      const { x, weight, bias } = problem.on(backend)
      expect(plannerOf(backend).parts(weight).length).toBeGreaterThan(1)
      await problem.expect(backend.ops.linear(x, weight, bias))
    }
    backend.destroy()
  })
})

describe('a norm and a sum that are merged into linear', () => {
  let backend: WebGpuBackend
  beforeAll(async () => {
    backend = await webgpu({ software: true })
  })
  afterAll(() => backend.destroy())

  interface Case extends Omit<RmsNormArgs, 'weight' | 'gate' | 'eps'> {
    readonly rows: number
    readonly size: number
    readonly dtype: WeightDType
    readonly weightSize?: number
    readonly tile?: number
    readonly hasResidual?: boolean
    /** Columns before x, the gate and the residual in the tensor of which they are views. */
    readonly offset?: number
  }
  const cases: Case[] = [
    { rows: 1, size: 96, dtype: 'f32', weightSize: 96, hasResidual: true },
    { rows: 2, size: 96, dtype: 'f16', tile: 32, gateOrder: 'before', weightSize: 96 },
    { rows: 3, size: 96, dtype: 'q8_0', tile: 64, gateOrder: 'after', groupSize: 32, weightSize: 32 },
    { rows: 1, size: 128, dtype: 'q4_0', groupSize: 64, weightSize: 128, hasResidual: true, offset: 3 },
    { rows: 2, size: 45, dtype: 'bf16', groupSize: 15, weightSize: 45, gateOrder: 'before', offset: 1 },
    { rows: 8, size: 40, dtype: 'f32', hasResidual: true, offset: 4 },
  ]
  test.each(cases)('give what they give one by one, %o', async (value) => {
    const { rows, size, dtype, weightSize, groupSize, gateOrder, tile, hasResidual, offset = 0 } = value
    const dOut = 19
    const random = seededRandom(size)
    const column = (data: Float32Array, columns: number) =>
      backend
        .tensor(padded(data, columns, offset), [rows, columns + 2 * offset + 1], 'f32')
        .columns(offset, offset + columns)
    const x = column(fill(rows * size, random.normal), size)
    const weight = backend.tensor(fromFloat32(dtype, fill(dOut * size, random.normal)), [dOut, size], dtype)
    const bias = backend.tensor(fill(dOut, random.normal), [dOut], 'f32')
    const norm: RmsNormArgs = {
      eps: 1e-3,
      ...(weightSize && { weight: backend.tensor(fill(weightSize, random.normal), [weightSize], 'f32') }),
      ...(groupSize && { groupSize }),
      ...(gateOrder && { gateOrder, gate: column(fill(rows * size, random.normal), size) }),
    }
    const residual = hasResidual ? column(fill(rows * dOut, random.normal), dOut) : undefined
    const { ops } = backend
    expect(canMergeNorm(x, weight, norm)).toBe(true)
    const y = backend.zeros([rows, dOut])
    const node: LinearNode = { op: 'linear', x, weight, bias, norm, residual, y }
    planFewRows(plannerOf(backend), node, tile ? { tile } : {})
    const normed = ops.rmsNorm(x, norm)
    const product = ops.linear(normed, weight, bias)
    const want = await (residual ? ops.add(product, residual) : product).read()
    const got = await y.read()
    const scale = Math.max(...Array.from(want, Math.abs), 1)
    for (const [i, one] of want.entries()) expect(Math.abs(got[i]! - one)).toBeLessThan(1e-5 * scale)
  })

  test('is refused where a group cuts a block', () => {
    const x = backend.zeros([1, 64])
    const weight = backend.zeros([4, 64], 'q8_0')
    expect(canMergeNorm(x, weight, { eps: 1e-5, groupSize: 16 })).toBe(false)
    expect(canMergeNorm(backend.zeros([9, 64]), weight, { eps: 1e-5 })).toBe(false)
  })
})

/** What matrix units do, by one invocation: tiles of x and W are where they begin, sums are numbers of slots, or 0. */
const emulated = /* wgsl */ `
alias Half = u32;
alias Left = u32;
alias Right = u32;
alias Sum = u32;

var<private> slots: array<vec4<f32>, 9u * 64u>;
var<private> used: u32;

fn load_left(start: u32) -> Left {
  return start;
}

fn load_right(start: u32) -> Right {
  return start;
}

fn column(right: u32, index: u32, pair: u32) -> vec2<f32> {
  return unpack2x16float(weights[right / 2u + 8u * index + pair]);
}

fn multiply_add(left: Left, right: Right, sum: Sum) -> Sum {
  var slot = sum;
  if (slot == 0u) {
    used++;
    slot = used;
  }
  for (var i = 0u; i < 64u; i++) {
    let first = i % 4u * 4u;
    for (var pair = 0u; pair < 8u; pair++) {
      let a = unpack2x16float(x[left / 2u + i / 4u * 8u + pair]);
      slots[64u * slot + i] += vec4<f32>(
        dot(a, column(right, first, pair)), dot(a, column(right, first + 1u, pair)),
        dot(a, column(right, first + 2u, pair)), dot(a, column(right, first + 3u, pair)));
    }
  }
  return slot;
}

fn store_sum(start: u32, sum: Sum) {
  for (var i = 0u; i < 256u; i++) { tiles[start + i] = slots[64u * sum + i / 4u][i % 4u]; }
}
`

describe('the kernels for matrix units, by an emulation of these', () => {
  let backend: WebGpuBackend
  beforeAll(async () => {
    backend = await webgpu({ software: true })
  })
  afterAll(() => backend.destroy())

  const cases: (Sizes & Partial<Division> & { dtype: WeightDType })[] = [
    { dtype: 'f16', rows: 35, dIn: 70, dOut: 37, splits: 1 },
    { dtype: 'f16', rows: 20, dIn: 64, dOut: 100, tile: 'large', splits: 1 },
    { dtype: 'f32', rows: 18, dIn: 48, dOut: 20, splits: 3, before: { x: 4, weight: 4 } },
    { dtype: 'q8_0', rows: 17, dIn: 64, dOut: 24, splits: 2 },
  ]
  test.each(cases)('multiply as float32 does, $dtype $rows $dIn $dOut', async (value) => {
    const { dtype, tile = 'small', splits = 1, ...sizes } = value
    const planner = plannerOf(backend, { subgroups: { min: 1, max: 1 } })
    await expectPlanned(backend, new Problem(sizes, dtype), (node) =>
      planMatrixUnits(planner, node, { tile, splits, operations: emulated }),
    )
  })

  test('bear x of any size', async () => {
    const problem = new Problem({ rows: 16, dIn: 32, dOut: 8 }, 'f32', false)
    const { x, weight } = problem.on(backend)
    const planner = plannerOf(backend, { subgroups: { min: 1, max: 1 } })
    for (const exponent of [-60, -20, 20, 60]) {
      const y = backend.zeros([16, 8])
      const scaled = backend.ops.scale(x, 2 ** exponent)
      planMatrixUnits(
        planner,
        { op: 'linear', x: scaled, weight, y },
        { tile: 'small', splits: 1, operations: emulated },
      )
      await problem.expect(backend.ops.scale(y, 2 ** -exponent))
    }
  })
})
